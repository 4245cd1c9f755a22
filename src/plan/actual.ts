// What the host looks like now, as far as it is ours: host/ reads it, the plan compares it.
import type { GroupEntry, PasswdEntry } from '../policy/posix.ts';

/** The day of expiry that closes an account (shadow(5)). */
export const DISABLED_DAY = 1;

export interface ActualAccount {
  readonly entry: PasswdEntry;
  /** Day of expiry in shadow(5), null if none. */
  readonly expiryDay: number | null;
}

/** Somebody whose jobs were put aside. */
export interface Offboarded {
  /** The hook has not run yet. */
  readonly needsHook: boolean;
}

export interface ActualState {
  /** Ours: in the ledger and with a line of that uid, by name. */
  readonly accounts: ReadonlyMap<string, ActualAccount>;
  /** Ours: the marker and the groups in the ledger, by name. */
  readonly groups: ReadonlyMap<string, GroupEntry>;
  /** Text of each key file, by name. */
  readonly keyFiles: ReadonlyMap<string, string>;
  /** Homes known to exist, by path (only those of desired accounts are looked at). */
  readonly homes: ReadonlySet<string>;
  /** Uids of ours that have processes or sessions; without it, sessions end only together with a closing. */
  readonly sessions?: ReadonlySet<number>;
  /** Uids of ours that have cron or at jobs, or whose user manager lingers. */
  readonly jobs?: ReadonlySet<number>;
  /** What off-boarding has put aside, by uid; without it, jobs and the hook are not planned. */
  readonly offboarded?: ReadonlyMap<number, Offboarded>;
  /** Text of our sudoers file; empty if there is none. */
  readonly sudoers: string;
}
