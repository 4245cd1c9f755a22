// What a plan for Slurm is made from, and what it says.
import type { DesiredSlurm, SlurmRefusal } from '../../policy/slurm/desired-slurm.ts';
import type { Change } from '../change.ts';
import type { SlurmDrain, SlurmStops } from './drain-slurm.ts';
import type { SlurmOwned, SlurmRows } from './slurm-rows.ts';

export interface SlurmPlan {
  /** In the order of applying. */
  readonly changes: readonly Change[];
  /** What to record in the ledger before anything is applied. */
  readonly owned: readonly SlurmOwned[];
  readonly refusals: readonly SlurmRefusal[];
  readonly draining: readonly SlurmDrain[];
}

export interface SlurmPlanInput {
  readonly desired: DesiredSlurm;
  /** SCIM ids of people with a change on the node that the guard holds: nothing of theirs changes in Slurm. */
  readonly held: ReadonlySet<string>;
  readonly rows: SlurmRows;
  readonly owned: readonly SlurmOwned[];
  readonly stops: SlurmStops;
}
