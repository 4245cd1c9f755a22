// What Slurm has, as the worker read it: plain data of one cluster.

/** An account: what its association without a user has set. What is not set is that of the parent. */
export interface SlurmAccountRow {
  readonly name: string;
  /** Empty for root itself. */
  readonly parent: string;
  /** Sorted; empty: those of the parent. */
  readonly qos: readonly string[];
  /** Empty: that of the parent, or none. */
  readonly defaultQos: string;
  /** null: `parent`, which is no number. */
  readonly fairshare: number | null;
  readonly limits: Readonly<Record<string, string>>;
}

export interface SlurmUserRow {
  readonly name: string;
  readonly defaultAccount: string;
}

export interface SlurmAssociationRow {
  /** Slurm's own, rising: the lowest of a person is the oldest. */
  readonly id: number;
  readonly account: string;
  readonly user: string;
  /** Empty: of all partitions. */
  readonly partition: string;
  /** Its own MaxSubmitJobs is 0: no job can be submitted. */
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

/** An account or user that sunk-agent made in Slurm. */
export interface SlurmName {
  readonly kind: 'account' | 'user';
  readonly name: string;
  /** Of the group or person. */
  readonly scimId: string;
}

/** By the ledger; what is of that name in another cluster belongs to others. */
export interface SlurmOwned extends SlurmName {
  readonly cluster: string;
}
