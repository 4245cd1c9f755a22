// What a person loses, in order: submissions, jobs, the association; pure.
import { compare } from '../../common/text/compare.ts';
import type { Change } from '../change.ts';
import type { SlurmSubmitStop } from '../changes/slurm.ts';
import type { PersonIndex } from './row-index.ts';
import type { SlurmAssociationRow } from './slurm-rows.ts';

/**
 * While the controller does not answer, its jobs are not known, and would outlive the association: then it stays, stopped.
 * @param kept the account whose association stays, stopped: it is the default one and others made an association of one
 *   partition in it, so that Slurm keeps both; or Slurm would remove those of another user with it.
 */
export function planLosses(
  losing: Pick<SlurmSubmitStop, 'scimId' | 'name' | 'because' | 'isEnabled'>,
  leaving: readonly SlurmAssociationRow[],
  { jobs, uids }: PersonIndex,
  kept: string | null,
): Change[] {
  return leaving.flatMap(({ account, isStopped }): Change[] => [
    ...(isStopped ? [] : [{ kind: 'slurm-submit-stop', ...losing, account } as const]),
    ...(jobs.has(`${losing.name} ${account}`)
      ? [{ kind: 'slurm-jobs-cancel', ...losing, account, isPendingOnly: false } as const]
      : []),
    ...(uids === null || account === kept
      ? []
      : [{ kind: 'slurm-association-remove', ...losing, account } as const]),
  ]);
}

/**
 * Jobs in accounts of which the user has no association: Slurm removed it while slurmctld was away.
 * @param present of a person with access those of one partition count too: others made them, and the jobs are theirs.
 */
export function planLeftJobs(
  losing: Pick<SlurmSubmitStop, 'scimId' | 'name' | 'because' | 'isEnabled'>,
  wanted: readonly string[],
  present: readonly SlurmAssociationRow[],
  { jobsOf, usable }: PersonIndex,
): Change[] {
  return (jobsOf.get(losing.name) ?? [])
    .filter((account) => usable.has(account) && !wanted.includes(account))
    .filter((account) => !present.some((row) => row.account === account))
    .sort(compare)
    .map((account) => ({ kind: 'slurm-jobs-cancel', ...losing, account, isPendingOnly: false }));
}
