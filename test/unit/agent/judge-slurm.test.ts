// What Slurm's last round means for status.
import { describe, expect, it } from 'vitest';
import { describeSlurm, judgeSlurm } from '../../../src/agent/slurm/judge-slurm.ts';
import type { SlurmStatus } from '../../../src/agent/slurm/slurm-status.ts';
import type { Status } from '../../../src/agent/report/status.ts';

const NOW = 1_800_000_000;
const SOUND: SlurmStatus = {
  schema_version: 1,
  at: NOW - 5,
  cluster: 'prod',
  version: 'slurm-wlm 24.11.5',
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

function judge(slurm: Partial<SlurmStatus>, health: Status['health'] = 'healthy') {
  const status = { health, reasons: [] as string[] } as unknown as Status;
  const { health: after, reasons } = judgeSlurm(status, { ...SOUND, ...slurm }, NOW);
  return [after, ...reasons];
}

describe('Slurm in status', () => {
  it('says until when jobs of people who lost an account go on', () => {
    const drain = { name: 'alice', account: 'ml', until: NOW + 60 };
    const draining = [drain, { ...drain, account: 'bio', until: NOW + 3600 }];
    expect(describeSlurm({ ...SOUND, draining })).toContain(', 2 draining until ');
    expect(describeSlurm(SOUND)).not.toContain('draining');
    expect(judge({ draining })).toEqual(['healthy']);
  });

  it('says what is managed in other clusters, which is no fault', () => {
    const elsewhere = [
      { cluster: 'old', names: 2 },
      { cluster: 'test', names: 1 },
    ];
    expect(describeSlurm({ ...SOUND, elsewhere })).toContain(
      ', 2 names managed in cluster old, 1 name managed in cluster test',
    );
    expect(judge({ elsewhere })).toEqual(['healthy']);
  });

  it('says nothing where all is well, and while a worker may just be starting again', () => {
    expect(judge({})).toEqual(['healthy']);
    expect(judge({ failure: { since: NOW - 30, problem: 'x' } })).toEqual(['healthy']);
  });

  it.each<[Partial<SlurmStatus>, string]>([
    [
      { failure: { since: NOW - 600, problem: 'refused' } },
      'Slurm has not been compared for 10 min: refused',
    ],
    [{ controller: false }, 'slurmctld does not answer: no one gets a new association until it does'],
    [
      {
        unassigned: ['ml', 'bio'].map((name) => ({ kind: 'account' as const, name, scimId: name })),
      },
      'Slurm: it is not known in which cluster sunk-agent made account ml (and 1 more); if in prod: sunk-agent import --slurm NAME...',
    ],
    [{ problems: ['a failed', 'b failed', 'c failed'] }, 'Slurm: a failed (and 2 more)'],
    [
      { held: [{ hash: '00ff00ff', kind: 'loss', reason: 'many would go', changes: 9, since: NOW }] },
      'Slurm: held: many would go (sunk-agent approve 00ff00ff)',
    ],
    [
      {
        refusals: [
          {
            scimId: 'g',
            kind: 'Group',
            name: 'ml',
            code: 'slurm-account-foreign',
            detail: 'ml is of others',
          },
        ],
      },
      'Slurm: ml is of others',
    ],
  ])('degrades the node: %j', (slurm, reason) => {
    expect(judge(slurm)).toEqual(['degraded', reason]);
    expect(judge(slurm, 'failing')).toEqual(['failing', reason]);
  });

  it('has one line', () => {
    expect(describeSlurm(SOUND)).toBe('cluster prod, 1 managed association, slurm-wlm 24.11.5');
    expect(describeSlurm({ ...SOUND, observing: true, associations: 2 })).toBe(
      'cluster prod, 2 managed associations, slurm-wlm 24.11.5, observing: nothing is changed',
    );
    expect(describeSlurm({ ...SOUND, at: null })).toBe('not compared yet');
  });
});
