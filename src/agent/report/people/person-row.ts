// One person of an access review, as data: what `sunk-agent list` prints as text, JSON and CSV.

/**
 * `enabled` the node lets the account in. `disabled` it does not, or there is no account yet. `blocked` an operator's
 * block is in force. `held` the guard holds a change of this person, so the account is as it was. `quarantined` the
 * store's record is broken and the last good one counts, if there is one. `refused` no account, because the policy
 * refuses one.
 */
export const STATES = ['enabled', 'disabled', 'blocked', 'held', 'quarantined', 'refused'] as const;
export type PersonState = (typeof STATES)[number];

/** One key that sshd accepts, or accepted until it expired. */
export interface PersonKey {
  /** `SHA256:...`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string;
  /** Epoch seconds from which sshd refuses it; null: it has no expiry. */
  readonly expiresAt: number | null;
}

/** What an operator gave for a while. */
export interface PersonGrant {
  /** The group's name at the store. */
  readonly group: string;
  /** Epoch seconds. */
  readonly until: number;
  readonly by: string;
  readonly reason: string;
}

export interface PersonRow {
  /** The account's name as bound; null: none is bound. */
  readonly name: string | null;
  /** null: no sound record has come from the store. */
  readonly userName: string | null;
  /** null: an account of the managed group that the store and the ledger do not know. */
  readonly scimId: string | null;
  readonly uid: number | null;
  readonly state: PersonState;
  /** Why that state, in one sentence. */
  readonly why: string;
  /** Whether the node has a line of the account that lets in; null: it has none. */
  readonly account: 'enabled' | 'disabled' | null;
  /** Whether a login can work now: an enabled account with a key that has not expired. */
  readonly login: boolean;
  /** Access groups of the store that list the person, by their names there. */
  readonly via: readonly string[];
  /** Unix groups that the node has the account in, local ones included; sorted. */
  readonly groups: readonly string[];
  /** Whether a rule of this node gives the account sudo. */
  readonly sudo: boolean;
  /** Where sudo comes from: names of sudo groups at the store, or files of the node. */
  readonly sudoVia: readonly string[];
  /** Grants in force (sunk-agent grant). */
  readonly grants: readonly PersonGrant[];
  readonly keys: readonly PersonKey[];
  /** Epoch seconds of the nearest expiry among the keys; null: none expires, or there is no key. */
  readonly keyExpiry: number | null;
  /** Epoch seconds since when the ledger binds the account; null: it does not. */
  readonly since: number | null;
  /** Epoch seconds of the last login that the node recorded; null: none, or it is not known. */
  readonly lastLogin: number | null;
  /**
   * Slurm accounts in which the person can submit jobs, the default one first. null: Slurm has not been read yet;
   * absent: `slurm` is not configured.
   */
  readonly slurmAccounts?: readonly string[] | null;
}
