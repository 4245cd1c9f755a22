// What `block` and `unblock` are given: one word and a time, and what the block list says for them.
import type { NodeContext } from '../../agent/node-context.ts';
import { readNames, resolveSubject } from '../../agent/operator/resolve-subject.ts';
import { PLAIN_WORD } from '../../agent/overrides/operator-files.ts';
import { AgentError, describeError } from '../../common/errors.ts';
import { parseDuration } from '../../config/types.ts';
import type { Host } from '../../host/host.ts';
import { type StateView, viewState } from '../../state/state.ts';
import type { CommandContext } from '../command.ts';

/** The one argument of block and unblock. */
export function readEntry({ positionals }: CommandContext): string {
  const [entry, ...more] = positionals;
  if (entry === undefined || more.length > 0)
    throw new AgentError('usage', 'one name, userName, SCIM id or fingerprint is expected');
  if (!PLAIN_WORD.test(entry) && !isIdText(entry)) throw refuseWord(entry);
  return entry;
}

/** Whether an id of the store could be spelled so. */
function isIdText(text: string): boolean {
  return text !== '' && text.length <= 256 && text.isWellFormed() && !/^-|\p{Cc}/u.test(text);
}

function refuseWord(entry: string): AgentError {
  return new AgentError('usage', `${JSON.stringify(entry)} is not a name, userName, SCIM id or fingerprint`);
}

/** `--for`, as the time at which the block ends, epoch seconds; null: it does not end by itself. */
export function readEnd({ values }: CommandContext): number | null {
  const text = values['for'];
  if (text === undefined) return null;
  const seconds = typeof text === 'string' ? (parseDuration(text) ?? 0) : 0;
  if (seconds < 1) throw new AgentError('usage', '--for takes a duration such as 8h');
  return Math.floor(Date.now() / 1000) + seconds;
}

export interface FoundEntry {
  readonly word: string;
  readonly name: string | null;
  /** Whether the state database could be asked. */
  readonly isKnown: boolean;
}

/**
 * What the block list is to say.
 * @throws AgentError refused: it means several people, or none.
 */
export function findEntry(typed: string, node: NodeContext, host: Host): FoundEntry {
  if (typed.startsWith('SHA256:')) return { word: typed, name: null, isKnown: true };
  const isManaged = (name: string): boolean => host.lookUp(name)?.isManaged === true;
  const view = openView(node.paths.state);
  try {
    if (view === null) {
      if (!PLAIN_WORD.test(typed)) throw refuseWord(typed);
      const name = readNames(typed, node.config).find(isManaged) ?? null;
      return { word: name ?? typed, name: null, isKnown: false };
    }
    if (!PLAIN_WORD.test(typed) && !isKnownId(typed, view)) throw refuseWord(typed);
    const { scimId, name } = resolveSubject(typed, view, node.config, (one) => host.lookUp(one) !== null);
    return { word: scimId ?? name ?? typed, name, isKnown: true };
  } finally {
    view?.close();
  }
}

function isKnownId(text: string, view: StateView): boolean {
  return (
    view.users().some(({ record }) => record.id === text) ||
    view.bindings().some(({ scimId }) => scimId === text)
  );
}

/** null: damaged, locked or missing; the managed group then tells which accounts are managed. */
export function openView(directory: string): StateView | null {
  try {
    return viewState(directory);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    process.stderr.write(`sunk-agent: ${describeError(error)}; using the managed group instead\n`);
    return null;
  }
}
