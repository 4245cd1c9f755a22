// Who on the host is ours, as the steps of planning ask it.
import type { DesiredAccount, DesiredState, Leftover } from '../policy/model.ts';
import type { ActualState } from './actual.ts';

/** Who on the host is ours, by the name in passwd(5). */
export interface ManagedAccounts {
  /** Gathered when it is first asked for: most passes never ask. */
  readonly desired: ReadonlyMap<string, DesiredAccount>;
  readonly leftovers: ReadonlyMap<string, Leftover>;
  /** The name in the present line of accounts that shall be called otherwise, by the new name. */
  readonly formerNames: ReadonlyMap<string, string>;
  /** SCIM id of whoever still has a line under a name that is no longer theirs, by that former name. */
  readonly renamed: ReadonlyMap<string, string>;
  /** SCIM id of whoever has, or had, that name; null if it is nobody of ours. */
  idOf(name: string): string | null;
}

/**
 * Reads the names out of the wish, and those that accounts still have on the host while the ledger has renamed them
 * (a pass may have been cut short between the two).
 */
export function readManagedAccounts(desired: DesiredState, actual: ActualState): ManagedAccounts {
  let accounts: ReadonlyMap<string, DesiredAccount> | null = null;
  const byName = (): ReadonlyMap<string, DesiredAccount> =>
    (accounts ??= new Map(desired.accounts.map((account) => [account.entry.name, account])));
  const leftovers = new Map<string, Leftover>();
  for (const leftover of desired.leftovers) {
    if (leftover.kind === 'account') leftovers.set(leftover.name, leftover);
  }
  const strangers = new Map<number, string>();
  let known = 0;
  for (const { entry } of desired.accounts) if (actual.accounts.has(entry.name)) known += 1;
  if (known < actual.accounts.size) {
    for (const [name, { entry }] of actual.accounts) if (!byName().has(name)) strangers.set(entry.uid, name);
  }
  const formerNames = new Map<string, string>();
  const renamed = new Map<string, string>();
  if (strangers.size > 0) {
    for (const { scimId, entry } of desired.accounts) {
      const former = strangers.get(entry.uid);
      if (former === undefined || actual.accounts.has(entry.name)) continue;
      formerNames.set(entry.name, former);
      renamed.set(former, scimId);
    }
  }
  return {
    get desired() {
      return byName();
    },
    leftovers,
    formerNames,
    renamed,
    idOf: (name) => byName().get(name)?.scimId ?? renamed.get(name) ?? leftovers.get(name)?.scimId ?? null,
  };
}
