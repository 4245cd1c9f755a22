// One step, done with sacctmgr(1) or scancel(1).
import { describeError } from '../common/errors.ts';
import { parseControllerUsers } from '../common/text/controller-users.ts';
import type { SlurmStep } from '../protocol/slurm-messages.ts';
import { listJobs } from './list-jobs.ts';
import { parseJobs } from './parse-jobs.ts';
import { doubtDefaults } from './read-rows.ts';
import { CHANGE_MS, LIST_MS, runSlurm } from './run-slurm.ts';
import { change, demandSubmissions } from './submissions.ts';

/** What slurmdbd says of an association that it keeps while the user has another. */
const IS_DEFAULT = /remove the default account/i;

/**
 * What lets a person submit jobs is seen at slurmctld as well before it counts as done. An association is removed only when
 * slurmctld has stopped it: a removal that it misses leaves it there until slurmctld restarts, and no command of slurmdbd
 * reaches it any more.
 * @throws AgentError slurm_failed with Slurm's own words; what is done already counts as done.
 */
export async function applyStep(step: SlurmStep, cluster: string): Promise<void> {
  switch (step.op) {
    case 'cancel-jobs':
      return await cancelJobs(step);
    case 'add-associations':
    case 'allow-submissions':
      await change(step, cluster);
      return await demandSubmissions(step, cluster, { may: true, mayBeDown: true });
    case 'remove-associations':
      await demandSubmissions(step, cluster, { may: false, mayBeDown: false });
      return await change(step, cluster).catch((error: unknown) => {
        if (IS_DEFAULT.test(describeError(error))) doubtDefaults();
        throw error;
      });
    // Whether slurmctld has it shows the next read (areStopsKnown): to ask one that is down would delay the stops that follow.
    case 'stop-submissions':
    case 'add-account':
    case 'alter-account':
    case 'set-default':
      await change(step, cluster);
  }
}

const MOST_JOBS = 500;

/** By their numbers: scancel resolves a name itself, and the worker's host, such as a pod, need not know it. */
async function cancelJobs({
  names,
  account,
  isPendingOnly,
}: Extract<SlurmStep, { op: 'cancel-jobs' }>): Promise<void> {
  const shown = ['-o', 'show', 'assoc_mgr', `users=${names.join()}`, 'flags=users'];
  const [jobs, users] = await Promise.all([listJobs(), runSlurm('scontrol', shown, LIST_MS)]);
  const which = isPendingOnly ? ['--state=PENDING'] : ['--full'];
  const found = parseJobs(jobs, parseControllerUsers(users)).filter(
    (job) => job.account === account && names.includes(job.user) && !job.isEnding,
  );
  const ids = [...new Set(found.map(({ id }) => id))];
  for (let at = 0; at < ids.length; at += MOST_JOBS)
    await runSlurm('scancel', ['--quiet', ...which, ...ids.slice(at, at + MOST_JOBS)], CHANGE_MS);
}
