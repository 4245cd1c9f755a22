// Accounts of the managed group that neither the ledger nor the store knows: added by hand, or the ledger was lost.
import type { DesiredAccount, Leftover, UnboundAccount } from './model.ts';

const PREFIX = 'unknown:';

/**
 * They are not managed, so they are named and never disabled: an operator may have put an emergency account there. A key
 * file is no part of the account: it goes where the store was read completely now and once before, because sshd would
 * serve what the store lists no longer. Until then it stays, because incomplete data never revokes access.
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
      fate: isComplete ? 'deny' : 'leave',
    }));
}

/** Whether a leftover is such an account. */
export function isNotInStore({ scimId }: Pick<Leftover, 'scimId'>): boolean {
  return scimId.startsWith(PREFIX);
}
