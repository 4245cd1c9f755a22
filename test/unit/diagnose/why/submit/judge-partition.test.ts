import { describe, expect, it } from 'vitest';
import { judgePartition } from '../../../../../src/diagnose/why/submit/judge-partition.ts';
import type { SubmitAnswer } from '../../../../../src/host/slurm/ask-submit.ts';
import { parsePartitions } from '../../../../../src/host/slurm/parse-partitions.ts';
import { RESERVATION, TAKEN } from '../../../../support/slurm/submit-facts.ts';

const ANSWER: SubmitAnswer = { ...TAKEN, partitions: null };

const line = (more: string, standard = 'YES'): string =>
  `PartitionName=main AllowGroups=ALL Default=${standard} RootOnly=NO State=UP ${more}`;
const judge = (text: string, more: Partial<SubmitAnswer> = {}) =>
  judgePartition('alice', { ...ANSWER, partitions: parsePartitions(text), ...more });

describe('the partition of a job that names none', () => {
  it.each([
    line(''),
    line('AllowAccounts=bio,ml AllowQos=normal AllocNodes=login1,login2'),
    line('DenyAccounts=bio DenyQos=high'),
    line('ReqResv=NO MinNodes=1 MaxNodes=UNLIMITED'),
    // slurm.conf(5): a list of who may makes that of who may not void.
    line('AllowAccounts=ml DenyAccounts=ml AllowQos=normal DenyQos=normal'),
  ])('takes it: %s', (text) => expect(judge(text)).toBeNull());

  it.each([
    ['AllowAccounts=bio', 'AllowAccounts'],
    ['DenyAccounts=ml', 'DenyAccounts'],
    ['AllowQos=high', 'AllowQos'],
    ['DenyQos=normal', 'DenyQos'],
    ['AllocNodes=login2', 'AllocNodes'],
    ['MinNodes=2', 'MinNodes=0'],
    ['MinNodes=0 MaxNodes=0', 'MaxNodes=UNLIMITED'],
    ['ReqResv=YES', 'ReqResv=NO'],
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

  it('is for a reservation that the person may use', () => {
    const reservations = [RESERVATION, { ...RESERVATION, name: 'own', accounts: ['ml'] }];
    expect(judge(line('ReqResv=YES'), { reservations })?.howToFix).toBe('sbatch --reservation=own');
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
