// What an operator takes over: names that rules want, and names of a build that recorded no cluster.
import { describe, expect, test } from 'vitest';
import { planSlurmImport } from '../../../../src/agent/slurm/import-slurm.ts';
import { STATUS } from '../../../support/slurm/submit-facts.ts';

const refusal = { scimId: 'g-ml', kind: 'Group', name: 'ml', code: 'slurm-account-foreign', detail: '' };
const ML = { cluster: 'b', kind: 'account', name: 'ml', scimId: 'g-ml' };
const ZOE = { kind: 'user', name: 'zoe', scimId: 'u-zoe' } as const;

describe('import --slurm', () => {
  test('takes over what the rules want, in the cluster that was read', () => {
    const status = { ...STATUS, cluster: 'b', refusals: [refusal] };
    expect(planSlurmImport(status, [])).toEqual({ taken: [ML], unknown: [] });
    expect(planSlurmImport(status, ['ml', 'x'])).toEqual({ taken: [ML], unknown: ['x'] });
  });

  test('takes over names whose cluster is not known only where it is told their names', () => {
    const waiting = { kind: 'account', name: 'ml', scimId: 'g-old' } as const;
    const status = { ...STATUS, cluster: 'b', refusals: [refusal], unassigned: [ZOE, waiting] };
    expect(planSlurmImport(status, []).taken).toEqual([ML]);
    expect(planSlurmImport(status, ['zoe', 'ml'])).toEqual({
      taken: [ML, { cluster: 'b', ...ZOE }],
      unknown: [],
    });
  });

  test('is refused before Slurm was read', () => {
    expect(() => planSlurmImport(null, [])).toThrow(/not been compared/);
    expect(() => planSlurmImport({ ...STATUS, at: null }, [])).toThrow(/not been compared/);
  });
});
