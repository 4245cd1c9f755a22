// One step as the arguments of sacctmgr(1). Names were checked by the schema: no comma, no blank, no upper case.
import type { SlurmStep } from '../protocol/slurm-messages.ts';

/** The mark on accounts that sunk-agent made, for other readers; the ledger decides. */
const ORGANIZATION = 'sunk-agent';

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
