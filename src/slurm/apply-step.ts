// One step as a command of sacctmgr(1) or scancel(1). Names were checked by the schema: no comma, no blank, no upper case.
import { describeError } from '../common/errors.ts';
import { parseControllerUsers } from '../common/text/controller-users.ts';
import type { SlurmStep } from '../protocol/slurm-messages.ts';
import { listJobs } from './list-jobs.ts';
import { parseJobs } from './parse-jobs.ts';
import { doubtDefaults } from './read-rows.ts';
import { CHANGE_MS, LIST_MS, runSlurm } from './run-slurm.ts';

/** The mark on accounts that sunk-agent made, for other readers; the ledger decides. */
const ORGANIZATION = 'sunk-agent';

/** @throws AgentError slurm_failed with Slurm's own words; what is done already counts as done. */
export async function applyStep(step: SlurmStep, cluster: string): Promise<void> {
  if (step.op === 'cancel-jobs') return await cancelJobs(step);
  try {
    await runSlurm('sacctmgr', ['-iQ', ...renderStep(step, cluster)], CHANGE_MS);
  } catch (error) {
    if (step.op === 'remove-associations' && IS_DEFAULT.test(describeError(error))) doubtDefaults();
    throw error;
  }
}

/** What slurmdbd says of an association that it keeps while the user has another. */
const IS_DEFAULT = /remove the default account/i;

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

/** The arguments of sacctmgr. */
export function renderStep(step: Exclude<SlurmStep, { op: 'cancel-jobs' }>, cluster: string): string[] {
  const on = `cluster=${cluster}`;
  if (step.op === 'add-account') {
    const marks = [`description=group ${step.name}`, `organization=${ORGANIZATION}`];
    return ['add', 'account', `name=${step.name}`, on, ...marks, ...renderSettings(step.settings)];
  }
  if (step.op === 'alter-account')
    return ['modify', 'account', 'where', `name=${step.name}`, on, 'set', ...renderSettings(step.settings)];
  const names = `name=${step.names.join()}`;
  // Without a partition: an association of one partition is of others.
  const where = ['where', names, `account=${step.account}`, 'partition=', on];
  switch (step.op) {
    case 'add-associations': {
      const first = step.isFirst ? [`defaultaccount=${step.account}`] : [];
      return ['add', 'user', names, `account=${step.account}`, on, ...first];
    }
    case 'stop-submissions':
      return ['modify', 'user', ...where, 'set', 'MaxSubmitJobs=0'];
    case 'allow-submissions':
      return ['modify', 'user', ...where, 'set', 'MaxSubmitJobs=-1'];
    case 'set-default':
      return ['modify', 'user', 'where', names, on, 'set', `DefaultAccount=${step.account}`];
    case 'remove-associations':
      return ['delete', 'user', ...where];
  }
}

function renderSettings(settings: Extract<SlurmStep, { op: 'add-account' }>['settings']): string[] {
  const { parent, qos, defaultQos, fairshare, limits } = settings;
  return [
    ...(parent === null ? [] : [`parent=${parent}`]),
    ...(qos === null ? [] : [`qos=${qos.join()}`]),
    ...(defaultQos === null ? [] : [`defaultqos=${defaultQos}`]),
    ...(fairshare === null ? [] : [`fairshare=${fairshare}`]),
    ...Object.entries(limits).map(([limit, value]) => `${limit}=${value}`),
  ];
}
