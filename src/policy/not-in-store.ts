// Accounts of the managed group that neither the ledger nor the store knows: the ledger was lost.
import type { DesiredAccount, Leftover, UnboundAccount } from './model.ts';

const PREFIX = 'unknown:';

/**
 * Their fate: disabled, where the store was read completely now and once before; until then they stay, because
 * incomplete data never revokes access.
 */
export function findNotInStore(
  unbound: readonly UnboundAccount[],
  accounts: readonly DesiredAccount[],
  isComplete: boolean,
): Leftover[] {
  if (unbound.length === 0) return [];
  const known = new Set(accounts.map(({ entry }) => entry.name));
  return unbound
    .filter(({ name }) => !known.has(name))
    .map(({ name }) => ({
      scimId: `${PREFIX}${name}`,
      kind: 'account',
      name,
      fate: isComplete ? 'disable' : 'leave',
    }));
}

/** Whether a leftover is such an account. */
export function isNotInStore({ scimId }: Pick<Leftover, 'scimId'>): boolean {
  return scimId.startsWith(PREFIX);
}
