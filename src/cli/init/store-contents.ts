// The contents of the store: read once by the reader, into a state database that is removed afterwards.
import type { NodeContext } from '../../agent/node-context.ts';
import { openSyncContext, type SyncContext } from '../../agent/reconcile/context.ts';
import { fetchStore } from '../../agent/ingest/fetch-store.ts';
import { EVERYTHING } from '../../agent/ingest/sync-request.ts';
import { withReader } from '../../agent/reader-client/with-reader.ts';
import { AgentError } from '../../common/errors.ts';
import { makePrintable } from '../../common/text/printable.ts';
import type { GroupRecord } from '../../protocol/records.ts';
import type { PinnedGroup } from './config-text.ts';

/** Maximum number of group names in an error. */
const SHOWN = 10;

/**
 * Reads the whole store. The caller closes `state`.
 * @param node of a draft: its state directory and its configuration are temporary.
 * @throws AgentError of the reader, or store_answer where the store was not read completely.
 */
export async function readStoreContents(node: NodeContext): Promise<Omit<SyncContext, 'reader'>> {
  const context = openSyncContext(node);
  try {
    const now = Math.floor(context.clock() / 1000);
    const fetched = await withReader(node, (reader) =>
      fetchStore({ ...context, reader, now }, EVERYTHING, null),
    );
    if (!fetched.complete.User || !fetched.complete.Group)
      throw new AgentError(
        'store_answer',
        `the store was not read completely: ${fetched.problems.map(({ detail }) => detail).join('; ')}`,
      );
    return context;
  } catch (error) {
    context.state.close();
    throw error;
  }
}

/**
 * Finds each name among the groups of the store.
 * @throws AgentError refused: a name that no group has, or several.
 */
export function pinGroups(names: readonly string[], groups: readonly GroupRecord[]): PinnedGroup[] {
  return [...new Set(names)].map((name) => {
    const [group, ...namesakes] = groups.filter((candidate) => candidate.name === name);
    if (group === undefined)
      throw new AgentError('refused', `the store has no group ${JSON.stringify(name)}`, {
        hint: `names are compared exactly; it has ${listNames(groups)}`,
      });
    if (namesakes.length > 0)
      throw new AgentError(
        'refused',
        `the store has ${namesakes.length + 1} groups ${JSON.stringify(name)}`,
        {
          hint: `rename one at the identity provider; their ids are ${[group, ...namesakes].map(({ id }) => makePrintable(id)).join(', ')}`,
        },
      );
    return { name, id: group.id };
  });
}

/** The names of the store's groups, at most ten. */
export function listNames(groups: readonly GroupRecord[]): string {
  if (groups.length === 0) return 'none';
  const names = groups.map(({ name }) => makePrintable(name, 100)).sort();
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return `${names.slice(0, SHOWN).join(', ')}${more}`;
}

/** The mail domains of these userNames, in lower case, the most frequent first. */
export function findDomains(userNames: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const userName of userNames) {
    const domain = /^[^@\s]+@([a-z0-9.-]+)$/.exec(userName.toLowerCase())?.[1];
    if (domain !== undefined) counts.set(domain, (counts.get(domain) ?? 0) + 1);
  }
  return [...counts].sort((one, other) => other[1] - one[1]).map(([domain]) => domain);
}
