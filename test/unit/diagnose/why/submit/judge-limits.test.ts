import { describe, expect, it } from 'vitest';
import { slurm } from '../../../../../src/config/slurm.ts';
import { judgeLimits } from '../../../../../src/diagnose/why/submit/judge-limits.ts';
import type { ExhaustedLimit } from '../../../../../src/host/slurm/parse-limits.ts';
import { TAKEN as ANSWER } from '../../../../support/slurm/submit-facts.ts';

const NONE = { slurm: slurm.parse({}) };
const judge = (limit: ExhaustedLimit, config = NONE) =>
  judgeLimits('alice', { ...ANSWER, limits: [limit] }, { config });

describe('a limit that lets no job through', () => {
  it('is none', () => expect(judgeLimits('alice', ANSWER, { config: NONE })).toBeNull());

  it.each<[ExhaustedLimit, string]>([
    [
      { of: 'user', name: 'ml', limit: 'MaxJobs', value: '0', used: null },
      'sacctmgr modify user where name=alice account=ml partition= set MaxJobs=-1',
    ],
    [
      { of: 'account', name: 'root', limit: 'GrpTRES=cpu', value: '0', used: null },
      'sacctmgr modify account where name=root set GrpTRES=cpu=-1',
    ],
    [
      { of: 'qos', name: 'normal', limit: 'GrpJobs', value: '0', used: null },
      'sacctmgr modify qos where name=normal set GrpJobs=-1',
    ],
  ])('is lifted where it is set: %j', (limit, command) => {
    expect(judge(limit)).toMatchObject({ code: 'submit-limit', owner: 'operator', howToFix: command });
  });

  it('that is used up says by how much', () => {
    const verdict = judge({ of: 'account', name: 'ml', limit: 'GrpTRESMins=cpu', value: '100', used: '120' });
    expect(verdict?.detail).toContain('is 100, and 120 are used');
  });

  it('that a rule sets is changed in the rule, or the next round sets it again', () => {
    const config = { slurm: slurm.parse({ rules: [{ group: 'ml-*', limits: { GrpJobs: '0' } }] }) };
    const verdict = judge({ of: 'account', name: 'ml', limit: 'GrpJobs', value: '0', used: null }, config);
    expect(verdict?.howToFix).toContain('the rule of ml-* in slurm.rules');
  });
});
