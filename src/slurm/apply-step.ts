// One step, done with sacctmgr(1) or scancel(1).
import { parseControllerUsers } from '../common/text/controller-users.ts';
import type { SlurmStep } from '../protocol/slurm-messages.ts';
import { listJobs } from './list-jobs.ts';
import { parseJobs } from './parse-jobs.ts';
import { removeAssociations } from './remove-associations.ts';
import { renderStep } from './render-step.ts';
import { CHANGE_MS, LIST_MS, runSlurm } from './run-slurm.ts';

/** @throws AgentError slurm_failed with Slurm's own words; what is done already counts as done. */
export async function applyStep(step: SlurmStep, cluster: string): Promise<void> {
  if (step.op === 'cancel-jobs') await cancelJobs(step);
  else if (step.op === 'remove-associations') await removeAssociations(step, cluster);
  else await runSlurm('sacctmgr', ['-iQ', ...renderStep(step, cluster)], CHANGE_MS);
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
