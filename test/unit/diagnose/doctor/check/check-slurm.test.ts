import { describe, expect, test } from 'vitest';
import { slurm } from '../../../../../src/config/slurm.ts';
import { checkSlurm } from '../../../../../src/diagnose/doctor/check/check-slurm.ts';
import type { SlurmFacts } from '../../../../../src/diagnose/doctor/facts.ts';
import { parseConfig, type SlurmSelf } from '../../../../../src/host/slurm/ask-config.ts';
import { healthyNode, node } from '../../../../support/records/healthy-node.ts';
import { STATUS } from '../../../../support/slurm/submit-facts.ts';

const CONFIG = { version: '24.11.5', enforced: ['associations', 'limits', 'qos'], skew: 1 };
const WORKER = { name: 'sunk-slurm', uid: 993, defaultAccount: 'root', adminLevel: 'Operator' };
const SELF: SlurmSelf = { mungeFault: null, clientVersion: '24.11.1', config: CONFIG, worker: WORKER };
const SLURM: SlurmFacts = {
  user: 'sunk-slurm',
  uid: 993,
  isWorkerRunning: true,
  self: SELF,
  status: STATUS,
  secrets: [{ path: '/etc/munge/munge.key', uid: 1, gid: 1, mode: 0o400 }],
};
const RULES = {
  ...healthyNode.config,
  slurm: slurm.parse({ mode: 'enforce', rules: [{ group: 'a', qos: ['high'], limits: { MaxJobs: '1' } }] }),
};

const check = (more: Partial<SlurmFacts>) =>
  checkSlurm(node({ slurm: { ...SLURM, ...more }, config: RULES }));
const self = (more: Partial<SlurmSelf>): Partial<SlurmFacts> => ({ self: { ...SELF, ...more } });
const config = (more: object): Partial<SlurmFacts> => self({ config: { ...CONFIG, ...more } });

describe('check `slurm`', () => {
  test('finds nothing where Slurm is not managed, nor where all is in order', () => {
    expect(checkSlurm(healthyNode)).toEqual([]);
    expect(check({})).toEqual([]);
    expect(check({ status: null, isWorkerRunning: null })).toEqual([]);
  });

  test.each<[string, string, Partial<SlurmFacts>]>([
    ['slurm-worker', 'error', { isWorkerRunning: false }],
    ['slurm-munge', 'error', self({ mungeFault: 'no socket' })],
    ['slurm-controller', 'error', self({ config: { fault: 'no answer' } })],
    ['slurm-version', 'error', self({ clientVersion: '25.05.0' })],
    ['slurm-clock', 'warning', config({ skew: -90 })],
    ['slurm-enforce', 'security', config({ enforced: [] })],
    ['slurm-operator', 'error', self({ worker: null })],
    ['slurm-operator', 'error', self({ worker: { ...WORKER, adminLevel: 'None' } })],
    ['slurm-operator-uid', 'error', self({ worker: { ...WORKER, uid: null } })],
    ['slurm-operator-uid', 'error', self({ worker: { ...WORKER, uid: 7 } })],
    ['slurm-operator-more', 'warning', self({ worker: { ...WORKER, adminLevel: 'Administrator' } })],
    ['slurm-round', 'error', { status: { ...STATUS, failure: { since: 1, problem: 'p' } } }],
    ['slurm-change', 'error', { status: { ...STATUS, problems: ['p', 'q'] } }],
    [
      'slurm-refusal',
      'warning',
      {
        status: { ...STATUS, refusals: [{ scimId: 'g', kind: 'Group', name: 'ml', code: 'c', detail: 'd' }] },
      },
    ],
    [
      'slurm-unassigned',
      'warning',
      { status: { ...STATUS, unassigned: [{ kind: 'user', name: 'zoe', scimId: 'u' }] } },
    ],
    [
      'slurm-secret',
      'security',
      { secrets: [{ path: '/etc/munge/munge.key', uid: 1, gid: 1, mode: 0o440 }] },
    ],
  ])('finds %s (%s)', (code, level, facts) => {
    expect(check(facts)).toMatchObject([{ code, level }]);
  });

  test('finds limits and QOS of rules that are not enforced', () => {
    const findings = check(config({ enforced: ['associations'] }));
    expect(findings.map(({ code }) => code)).toEqual(['slurm-enforce-partly', 'slurm-enforce-partly']);
    expect(check(config({ enforced: ['safe', 'qos'] }))).toEqual([]);
  });
});

test('the configuration of slurmctld is read', () => {
  const said = `Configuration data as of 2026-11-30T16:55:10
AccountingStorageEnforce = associations,limits,QOS
AccountingStorageHost   = localhost
SLURM_VERSION           = 24.11.5
`;
  const now = new Date('2026-11-30T16:55:08').getTime();
  expect(parseConfig(said, now)).toEqual({
    version: '24.11.5',
    enforced: ['associations', 'limits', 'qos'],
    skew: 2,
  });
  expect(parseConfig('AccountingStorageEnforce = none\n', now)).toEqual({
    version: '',
    enforced: [],
    skew: null,
  });
});
