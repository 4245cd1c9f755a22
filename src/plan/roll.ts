// Who on the host is ours, as the steps of planning ask it.
import type { DesiredAccount, DesiredHost, Leftover } from '../policy/desired.ts';

/** Who on the host is ours, by the name in passwd(5). */
export interface Roll {
  readonly desired: ReadonlyMap<string, DesiredAccount>;
  readonly leftovers: ReadonlyMap<string, Leftover>;
  /** SCIM id of whoever has, or had, that name; null if it is nobody of ours. */
  idOf(name: string): string | null;
}

/** Reads the names out of the wish. */
export function readRoll(desired: DesiredHost): Roll {
  const accounts = new Map(desired.accounts.map((account) => [account.entry.name, account]));
  const leftovers = new Map<string, Leftover>();
  for (const leftover of desired.leftovers ?? []) {
    if (leftover.kind === 'account') leftovers.set(leftover.name, leftover);
  }
  return {
    desired: accounts,
    leftovers,
    idOf: (name) => accounts.get(name)?.scimId ?? leftovers.get(name)?.scimId ?? null,
  };
}
