import { describe, expect, it } from 'vitest';
import { judgePartition } from '../../../../../src/diagnose/why/submit/judge-partition.ts';
import type { SubmitAnswer } from '../../../../../src/host/slurm/ask-submit.ts';
import { parsePartitions } from '../../../../../src/host/slurm/parse-partitions.ts';

const ROW = {
  account: 'ml',
  partition: '',
  isStopped: false,
  isDefault: true,
  qos: [],
  defaultQos: 'normal',
};
const ANSWER: SubmitAnswer = {
  associations: { rows: [ROW] },
  uid: { value: 1 },
  ownUid: 1,
  partitions: null,
  limits: [],
  groups: ['alice'],
  host: 'login1',
  trial: { isTaken: true, said: '' },
};

const line = (more: string, standard = 'YES'): string =>
  `PartitionName=main AllowGroups=ALL Default=${standard} RootOnly=NO State=UP ${more}`;
const judge = (text: string, more: Partial<SubmitAnswer> = {}) =>
  judgePartition('alice', { ...ANSWER, partitions: parsePartitions(text), ...more });

describe('the partition of a job that names none', () => {
  it.each([
    line(''),
    line('AllowAccounts=bio,ml AllowQos=normal AllocNodes=login1,login2'),
    line('DenyAccounts=bio DenyQos=high'),
    // slurm.conf(5): a list of who may makes that of who may not void.
    line('AllowAccounts=ml DenyAccounts=ml AllowQos=normal DenyQos=normal'),
  ])('takes it: %s', (text) => expect(judge(text)).toBeNull());

  it.each([
    ['AllowAccounts=bio', 'AllowAccounts'],
    ['DenyAccounts=ml', 'DenyAccounts'],
    ['AllowQos=high', 'AllowQos'],
    ['DenyQos=normal', 'DenyQos'],
    ['AllocNodes=login2', 'AllocNodes'],
  ])('does not with %s, and the fix names the setting', (setting, fix) => {
    const verdict = judge(line(setting));
    expect(verdict).toMatchObject({ code: 'submit-partition', level: 'error', owner: 'operator' });
    expect(verdict?.howToFix).toContain(`PartitionName=main ${fix}`);
  });

  it('does not where root or other groups alone may', () => {
    expect(judge(line('').replace('RootOnly=NO', 'RootOnly=YES'))?.code).toBe('submit-partition');
    expect(judge(line('').replace('AllowGroups=ALL', 'AllowGroups=adm'))?.code).toBe('submit-partition');
    expect(judge(line('').replace('AllowGroups=ALL', 'AllowGroups=adm,alice'))).toBeNull();
  });

  it.each(['DOWN', 'DRAIN', 'INACTIVE'])('does not while it is %s', (state) => {
    expect(judge(line('').replace('State=UP', `State=${state}`))?.code).toBe('submit-partition-state');
  });

  it('is missing', () => expect(judge(line('', 'NO'))?.code).toBe('submit-no-partition'));

  it('is not judged by what is not known', () => {
    expect(judgePartition('alice', ANSWER)).toBeNull();
    expect(judge(line('AllowAccounts=bio'), { associations: { fault: 'x' } })).toBeNull();
  });
});
