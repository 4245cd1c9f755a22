// What is known of one person and Slurm: rules, the last round, and what Slurm itself answered.
import type { SlurmStatus } from '../../../agent/slurm/slurm-status.ts';
import type { Config } from '../../../config/config.ts';
import type { SubmitAnswer } from '../../../host/slurm/ask-submit.ts';
import type { DesiredSlurm, DesiredSlurmPerson } from '../../../policy/slurm/desired-slurm.ts';

export interface SubmitFacts {
  readonly config: Pick<Config, 'slurm'>;
  /** What the rules say; null: the state database cannot be read, or the person has no account on this node. */
  readonly desired: DesiredSlurm | null;
  readonly person: DesiredSlurmPerson | null;
  /** Of the last round; null: none has ended. */
  readonly status: SlurmStatus | null;
  /** Or why Slurm was not asked. */
  readonly answer: SubmitAnswer | { readonly fault: string };
}
