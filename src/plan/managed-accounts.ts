// The managed accounts on the host by name, as the steps of planning ask for them.
import type { DesiredAccount, DesiredState, Leftover } from '../policy/model.ts';
import type { ActualState } from './actual.ts';

/** Managed accounts, by the name in passwd(5). */
export interface ManagedAccounts {
  readonly desired: ReadonlyMap<string, DesiredAccount>;
  readonly leftovers: ReadonlyMap<string, Leftover>;
  /** The name in the present line of accounts that shall be called otherwise, by the new name. */
  readonly formerNames: ReadonlyMap<string, string>;
  /** SCIM ids of people whose line still has a former name, by that name. */
  readonly renamed: ReadonlyMap<string, string>;
  /** SCIM id of the managed account that has, or had, that name; null: none. */
  idOf(name: string): string | null;
}

/**
 * Reads the names of the desired state, and those that accounts still have on the host while the ledger has renamed
 * them (a sync may have been cut short between the two).
 */
export function readManagedAccounts(desired: DesiredState, actual: ActualState): ManagedAccounts {
  const byName = new Map(desired.accounts.map((account) => [account.entry.name, account]));
  const leftovers = new Map<string, Leftover>();
  for (const leftover of desired.leftovers) {
    if (leftover.kind === 'account') leftovers.set(leftover.name, leftover);
  }
  const unnamed = new Map<number, string>();
  // A dropped account is not the former name of a person who gets its uid.
  for (const [name, { entry }] of actual.accounts)
    if (!byName.has(name) && leftovers.get(name)?.fate !== 'drop') unnamed.set(entry.uid, name);
  const formerNames = new Map<string, string>();
  const renamed = new Map<string, string>();
  for (const { scimId, entry } of desired.accounts) {
    const former = unnamed.get(entry.uid);
    if (former === undefined || actual.accounts.has(entry.name)) continue;
    formerNames.set(entry.name, former);
    renamed.set(former, scimId);
  }
  return {
    desired: byName,
    leftovers,
    formerNames,
    renamed,
    idOf: (name) => byName.get(name)?.scimId ?? renamed.get(name) ?? leftovers.get(name)?.scimId ?? null,
  };
}
