// `sunk-agent unblock`: the record of the store decides again.
import { recordAct } from '../../agent/report/audit.ts';
import { describeReport } from '../../agent/report/describe-report.ts';
import { readBlocks, removeEntry } from '../../agent/overrides/operator-files.ts';
import { type NodeContext, openNodeContext } from '../../agent/node-context.ts';
import { resolveSubject, suggestWords } from '../../agent/operator/resolve-subject.ts';
import { syncFromState } from '../../agent/operator/sync-now.ts';
import { AgentError } from '../../common/errors.ts';
import { unblockOffline } from './block-offline.ts';
import { openView, readEntry } from './block-entry.ts';
import { announceOwner } from '../owner.ts';
import { announceWait } from '../waiting.ts';
import type { CommandContext } from '../command.ts';

export const failure = 1;
export const options = { offline: { type: 'string' } } as const;

export const help = `Usage: sunk-agent unblock NAME [--config FILE] [--root DIR]
       sunk-agent unblock NAME --offline KEY [--config FILE] [--root DIR]

Removes NAME, in any form that block takes, from /etc/sunk-agent/blocked. The record of the store decides again over
that user or key.

Examples:
  sunk-agent unblock alice

Exit status: 0 done, 1 failed.`;

export async function run(context: CommandContext): Promise<number> {
  const typed = readEntry(context);
  const node = openNodeContext(context);
  const key = context.values['offline'];
  if (typeof key === 'string') {
    unblockOffline(node, typed, key);
    return 0;
  }
  announceOwner(context);
  const person = describeTyped(typed, node);
  const words = findWords(typed, node, person);
  // Before the act: no access is restored without a trace.
  recordAct(node.paths, { act: 'unblock', subject: typed, detail: '' });
  for (const word of words) removeEntry(node.paths.blocked, word);
  const report = await syncFromState(node, announceWait, undefined, [person.id]);
  process.stdout.write(`${typed} is no longer blocked\n${describeReport(report)}`);
  return report.changes.failed === 0 ? 0 : 1;
}

/**
 * The words at the beginning of the lines that block what was typed, under whichever of their names.
 * @throws AgentError refused: no line does.
 */
function findWords(typed: string, node: NodeContext, { id, names, isOther }: Typed): string[] {
  const blocks = readBlocks(node.paths.blocked);
  // Ids compare as they are: another person's may differ by case alone.
  const isMeant = (text: string): boolean => text === id || (names.has(text.toLowerCase()) && !isOther(text));
  const found = blocks.filter(({ word, name }) =>
    word.startsWith('SHA256:')
      ? word === typed
      : isMeant(word) || (name !== null && !isOther(word) && isMeant(name)),
  );
  if (found.length > 0) return found.map(({ word }) => word);
  const known = blocks.flatMap(({ word, name }) => (name === null ? [word] : [name]));
  throw new AgentError('refused', `${typed} is not in ${node.paths.blocked}`, {
    hint: suggestWords(typed, known) ?? 'that file is the block list',
  });
}

interface Typed {
  readonly id: string;
  /** In lower case. */
  readonly names: ReadonlySet<string>;
  /** Whether the text is the id of another person. */
  readonly isOther: (text: string) => boolean;
}

/** The id and all names of the person that was typed; the word alone where no record knows them. */
function describeTyped(typed: string, node: NodeContext): Typed {
  const unknown = { id: typed, names: new Set([typed.toLowerCase()]), isOther: () => false };
  const view = openView(node.paths.state);
  if (view === null) return unknown;
  try {
    const { scimId, name, userName } = resolveSubject(typed, view, node.config, () => false);
    const ids = new Set(view.users().map(({ record }) => record.id));
    const names = [name, userName, scimId === null ? typed : null];
    return {
      id: scimId ?? typed,
      names: new Set(names.flatMap((one) => (one === null ? [] : [one.toLowerCase()]))),
      isOther: (text) => text !== scimId && ids.has(text),
    };
  } catch (error) {
    if (error instanceof AgentError) return unknown;
    throw error;
  } finally {
    view.close();
  }
}
