// What a host looks like now, as far as it is managed; the plan compares it with the desired state.
import type { HomeOnHost } from '../policy/identity/own-home.ts';
import type { GroupEntry, PasswdEntry } from '../policy/posix.ts';

/** The day of expiry that disables an account (shadow(5)). */
export const DISABLED_DAY = 1;

export interface ActualAccount {
  readonly entry: PasswdEntry;
  /** Day of expiry in shadow(5), null if none. */
  readonly expiryDay: number | null;
}

/** A person whose jobs were set aside. */
export interface Offboarded {
  /** The hook has not run yet. */
  readonly needsHook: boolean;
}

/** The managed part of a host. */
export interface ActualState {
  /** Accounts that the ledger binds and that have a line with that uid, by name. */
  readonly accounts: ReadonlyMap<string, ActualAccount>;
  /** The managed group, and the groups that the ledger binds, by name. */
  readonly groups: ReadonlyMap<string, GroupEntry>;
  /** Text of each key file, by name. */
  readonly keyFiles: ReadonlyMap<string, string>;
  /** Homes by path, those that were looked at. */
  readonly homes: ReadonlyMap<string, HomeOnHost>;
  /** Uids that have processes or sessions; null: the root has no processes of its own, and sessions end with the account. */
  readonly sessions: ReadonlySet<number> | null;
  /** Uids that have cron or at jobs, or whose user manager lingers. */
  readonly jobs: ReadonlySet<number>;
  /** What off-boarding has set aside, by uid. */
  readonly offboarded: ReadonlyMap<number, Offboarded>;
  /** Uids of people who lost sudo and whose root shells were not ended yet. */
  readonly rootShells: ReadonlySet<number>;
  /** Text of the managed sudoers file; empty if there is none. */
  readonly sudoers: string;
}
