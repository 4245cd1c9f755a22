// Accounts that bear our mark while neither the ledger nor the store knows anybody of that name: the ledger was lost.
import type { DesiredAccount, Leftover, NodeFacts } from './model.ts';

const PREFIX = 'unknown:';

/** Out, where the store was heard whole; until then nothing follows from its silence, and they stay. */
export function findNotInStore(
  { marked = [] }: NodeFacts,
  accounts: readonly DesiredAccount[],
  isWhole: boolean,
): Leftover[] {
  if (marked.length === 0) return [];
  const known = new Set(accounts.map(({ entry }) => entry.name));
  return marked
    .filter(({ name }) => !known.has(name))
    .map(({ name }) => ({
      scimId: `${PREFIX}${name}`,
      kind: 'account',
      name,
      fate: isWhole ? 'close' : 'leave',
    }));
}

/** Whether that is why it is left over. */
export function isNotInStore({ scimId }: Pick<Leftover, 'scimId'>): boolean {
  return scimId.startsWith(PREFIX);
}
