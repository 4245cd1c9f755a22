// What is known of a person whose job Slurm refused, with nothing else wrong: tests change one thing of it.
import type { SlurmStatus } from '../../../src/agent/slurm/slurm-status.ts';
import type { SubmitAnswer } from '../../../src/host/slurm/ask-submit.ts';
import type { SubmitReservation } from '../../../src/host/slurm/parse-nodes.ts';
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
const REFUSED = { isTaken: false, said: 'Batch job submission failed: Unspecified error', start: null };
export const ANSWER: SubmitAnswer = {
  associations: { rows: [ROW], elsewhere: [] },
  uid: { value: 20_001 },
  ownUid: 20_001,
  partitions: partitions(''),
  nodes: [],
  reservations: [],
  plugins: [],
  limits: [],
  host: 'login1',
  groups: ['alice', 'ml'],
  trial: REFUSED,
};
export const TAKEN: SubmitAnswer = {
  ...ANSWER,
  trial: { isTaken: true, said: 'Job 7 to start at', start: 1000 },
};
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
  elsewhere: [],
  unassigned: [],
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

export const none: SubmitAnswer = { ...ANSWER, associations: { rows: [], elsewhere: [] } };
export const said = (text: string): SubmitAnswer => ({
  ...ANSWER,
  trial: { isTaken: false, said: text, start: null },
});
/** Of all nodes, for root, for 1,000 seconds. */
export const RESERVATION: SubmitReservation = {
  name: 'upgrade',
  start: 1000,
  end: 2000,
  nodes: 'n[1-2]',
  nodeCount: 2,
  isOfAllNodes: true,
  users: ['root'],
  accounts: [],
  groups: [],
};
