// Shows a raw user and a raw group of the store, and asks where it has POSIX names, ids, homes and shells.
import { readResources } from '../../agent/ingest/read-resources.ts';
import type { NodeContext } from '../../agent/node-context.ts';
import type { SyncContext } from '../../agent/reconcile/context.ts';
import { withReader } from '../../agent/reader-client/with-reader.ts';
import { AgentError } from '../../common/errors.ts';
import { makePrintable } from '../../common/text/printable.ts';
import { compilePath } from '../../protocol/attribute-path.ts';
import type { CommandContext } from '../command.ts';
import type { Terminal } from '../terminal/prompt.ts';
import { type AttributeKey, findCandidates, ROLES } from './attribute-candidates.ts';

/** Paths of `scim.attributes` that differ from the defaults. */
export type ChosenAttributes = Partial<Record<AttributeKey, string>>;

const KEYS = Object.keys(ROLES) as AttributeKey[];

/** `--attribute KEY=PATH`. @throws AgentError usage */
export function readAttributes({ values }: CommandContext): ChosenAttributes {
  const given = Array.isArray(values['attribute']) ? values['attribute'].map(String) : [];
  const pairs = given.map((text) => {
    const [, key = '', path = ''] = /^([a-z_]+)=(\S.*)$/.exec(text) ?? [];
    const known = KEYS.find((one) => one === key);
    if (known === undefined || path === '')
      throw new AgentError(
        'usage',
        `--attribute ${text}: one of ${KEYS.join(', ')}, = and a path are expected`,
      );
    return [known, path] as const;
  });
  return Object.fromEntries(pairs);
}

/**
 * What could be each of them in one raw user and one raw group; on a terminal it is asked where there is a choice, else
 * the defaults stay and what else could be it is shown.
 */
export async function chooseAttributes(
  node: NodeContext,
  { state }: Pick<SyncContext, 'state'>,
  given: ChosenAttributes,
  terminal: Terminal | null,
): Promise<ChosenAttributes> {
  const raws = await readSamples(node, state);
  const chosen: ChosenAttributes = { ...given };
  if (raws.User !== undefined && !hasAny(raws.User, node.config.scim.attributes))
    process.stderr.write(
      'A user of this store has neither a uid nor keys where SUNK serves them: is Enable SUNK User Provisioning on, the third switch of SCIM Configuration?\n',
    );
  for (const key of KEYS) {
    const raw = raws[ROLES[key].kind];
    if (given[key] !== undefined || raw === undefined) continue;
    const usual = node.config.scim.attributes[key];
    const present = usual === null ? null : show(compilePath(usual)(raw));
    const others = findCandidates(key, raw).filter(({ path }) => path !== usual);
    if (others.length === 0) continue;
    const path = await ask(key, usual === null ? null : { path: usual, value: present }, others, terminal);
    if (path !== null && path !== usual) chosen[key] = path;
  }
  return chosen;
}

/** Whether what the store adds for SUNK is there. */
function hasAny(raw: unknown, { uid, ssh_keys: keys }: NodeContext['config']['scim']['attributes']): boolean {
  return [uid, keys].some((path) => path !== null && (compilePath(path)(raw) ?? null) !== null);
}

async function ask(
  key: AttributeKey,
  usual: { readonly path: string; readonly value: string | null } | null,
  others: readonly { readonly path: string; readonly value: string }[],
  terminal: Terminal | null,
): Promise<string | null> {
  const first = usual === null ? 'none (the default)' : `${usual.path}: ${usual.value ?? 'not there'}`;
  const lines = [first, ...others.map(({ path, value }) => `${path}: ${value}`)];
  const shown = lines.map((line, n) => `  ${n}  ${makePrintable(line, 200)}\n`).join('');
  process.stderr.write(`scim.attributes.${key}, ${ROLES[key].what}, could be:\n${shown}`);
  if (terminal === null) return null;
  // The default where it has a value or may be absent; else the likeliest.
  const best = usual === null || usual.value !== null ? 0 : 1;
  for (;;) {
    const answer = Number(await terminal.ask('Which one', String(best)));
    if (answer === 0) return null;
    const found = Number.isInteger(answer) ? others[answer - 1] : undefined;
    if (found !== undefined) return found.path;
    process.stderr.write(`a number from 0 to ${others.length} is expected\n`);
  }
}

/** One user, if possible of a group, and one group with members: as the store has them. */
async function readSamples(
  node: NodeContext,
  state: Pick<SyncContext['state'], 'users' | 'groups'>,
): Promise<{ User?: unknown; Group?: unknown }> {
  const groups = state.groups().flatMap(({ record, absent }) => (absent ? [] : [record]));
  const users = state.users().flatMap(({ record, absent }) => (absent ? [] : [record]));
  const group = groups.find(({ members }) => members.length > 0) ?? groups[0];
  const user = users.find(({ id }) => group?.members.includes(id)) ?? users[0];
  const named = [
    ...(user === undefined ? [] : [{ kind: 'User' as const, id: user.id }]),
    ...(group === undefined ? [] : [{ kind: 'Group' as const, id: group.id }]),
  ];
  const answers = await withReader(node, (reader) => readResources(reader, named));
  return Object.fromEntries(
    answers.flatMap((answer) => (answer.found === 'present' ? [[answer.kind, answer.resource]] : [])),
  );
}

function show(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}
