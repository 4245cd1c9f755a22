// What Slurm has, as the worker read it: plain data of one cluster.

/** An account. Limits are those of its association without a user; absent: there is none. */
export interface SlurmAccountRow {
  readonly name: string;
  /** `sunk-agent` on those that it made; anyone with an admin level can write it. */
  readonly organization: string;
  /** Empty for root itself. */
  readonly parent: string;
  /** Sorted. */
  readonly qos: readonly string[];
  /** Empty: none. */
  readonly defaultQos: string;
  /** null: `parent`, which is no number. */
  readonly fairshare: number | null;
  readonly limits: Readonly<Record<string, string>>;
}

export interface SlurmUserRow {
  readonly name: string;
  readonly defaultAccount: string;
  /** `None`, `Operator` or `Administrator`. */
  readonly adminLevel: string;
}

export interface SlurmAssociationRow {
  /** Slurm's own, rising: the lowest of a person is the oldest. */
  readonly id: number;
  readonly account: string;
  readonly user: string;
  /** Empty: of all partitions. */
  readonly partition: string;
  /** MaxSubmitJobs is 0: no job can be submitted. */
  readonly isStopped: boolean;
}

export interface SlurmRows {
  readonly cluster: string;
  readonly accounts: readonly SlurmAccountRow[];
  readonly users: readonly SlurmUserRow[];
  readonly associations: readonly SlurmAssociationRow[];
  /** Whether there are pending, or other, jobs; by user and account. */
  readonly jobs: readonly { readonly user: string; readonly account: string; readonly isPending: boolean }[];
  /**
   * Which uid the controller has for a user: an association of a name that it could not resolve stays unusable
   * (slurmctld resolves it once). `uid` null: not resolved. null: the controller did not answer.
   */
  readonly uids: readonly { readonly name: string; readonly uid: number | null }[] | null;
}

/** What the ledger says that sunk-agent made in Slurm. */
export interface SlurmOwned {
  readonly kind: 'account' | 'user';
  readonly name: string;
  /** Of the group or person. */
  readonly scimId: string;
}
