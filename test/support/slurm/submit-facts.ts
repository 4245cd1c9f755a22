// What is known of a person whose job Slurm refused, with nothing else wrong: tests change one thing of it.
import type { SlurmStatus } from '../../../src/agent/slurm/slurm-status.ts';
import type { SubmitAnswer } from '../../../src/host/slurm/ask-submit.ts';
import { parsePartitions, type SubmitPartition } from '../../../src/host/slurm/parse-partitions.ts';

export const ROW = {
  account: 'ml',
  partition: '',
  isStopped: false,
  isDefault: true,
  qos: ['normal'],
  defaultQos: 'normal',
};
export const partitions = (more: string): SubmitPartition[] =>
  parsePartitions(`PartitionName=main AllowGroups=ALL Default=YES RootOnly=NO State=UP ${more}`);
const REFUSED = { isTaken: false, said: 'Batch job submission failed: Unspecified error' };
export const ANSWER: SubmitAnswer = {
  associations: { rows: [ROW] },
  uid: { value: 20_001 },
  ownUid: 20_001,
  partitions: partitions(''),
  limits: [],
  host: 'login1',
  groups: ['alice', 'ml'],
  trial: REFUSED,
};
export const TAKEN: SubmitAnswer = { ...ANSWER, trial: { isTaken: true, said: 'Job 7 to start at' } };
export const STATUS: SlurmStatus = {
  schema_version: 1,
  at: 1,
  cluster: 'c',
  version: '24.11',
  observing: false,
  failure: null,
  controller: true,
  seconds: 1,
  associations: 1,
  draining: [],
  changes: { planned: 0, done: 0 },
  problems: [],
  held: [],
  refusals: [],
};
export const PERSON = {
  scimId: 'u-alice',
  name: 'alice',
  uid: 20_001,
  isEnabled: true,
  accounts: ['ml'],
  defaultAccount: null,
};

export const none: SubmitAnswer = { ...ANSWER, associations: { rows: [] } };
export const said = (text: string): SubmitAnswer => ({ ...ANSWER, trial: { isTaken: false, said: text } });
