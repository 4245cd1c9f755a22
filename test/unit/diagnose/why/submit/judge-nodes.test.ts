import { describe, expect, it } from 'vitest';
import { judgeNodes, judgeReservations } from '../../../../../src/diagnose/why/submit/judge-nodes.ts';
import type { SubmitNode } from '../../../../../src/host/slurm/parse-nodes.ts';
import { partitions, RESERVATION, said, TAKEN } from '../../../../support/slurm/submit-facts.ts';

const PARTITIONS = partitions('Nodes=n[1-2] TotalNodes=2');
const judge = (nodes: readonly SubmitNode[], of = PARTITIONS) =>
  judgeNodes({ ...said('Requested node configuration is not available'), partitions: of, nodes });
const node = (name: string, state: string, reason = ''): SubmitNode => ({ name, state, reason });

describe('a partition in which no node can run a job', () => {
  it.each([
    ['drained', 'scontrol update NodeName=n1 State=RESUME'],
    ['down', 'scontrol update NodeName=n1 State=RESUME'],
    ['idle*', 'systemctl status slurmd munge on n1'],
    ['down*', 'systemctl status slurmd munge on n1'],
  ])('has nodes that are %s, and the fix fits', (state, fix) => {
    const verdict = judge([node('n1', state, 'disk full'), node('n2', 'down')]);
    expect(verdict).toMatchObject({ code: 'submit-nodes', level: 'error', owner: 'operator' });
    expect(verdict.detail).toContain('n1');
    expect(verdict.detail).toContain('disk full');
    expect(verdict.howToFix).toContain(fix);
  });

  it('has nodes that are in order: then their size is what is looked at', () =>
    expect(judge([node('n1', 'idle'), node('n2', 'down')]).howToFix).toContain('sizes'));

  it('has none', () => expect(judge([], partitions('Nodes= TotalNodes=0')).detail).toContain('has no nodes'));
});

describe('a job that is taken and starts late', () => {
  const starts = (start: number | null, more = {}) =>
    judgeReservations('alice', {
      ...TAKEN,
      partitions: PARTITIONS,
      reservations: [{ ...RESERVATION, ...more }],
      trial: { ...TAKEN.trial, start },
    });

  it('waits for the end of a reservation of all nodes', () => {
    const verdict = starts(2000);
    expect(verdict).toMatchObject({ code: 'submit-reservation', level: 'error', owner: 'operator' });
    expect(verdict?.detail).toContain('upgrade');
    expect(starts(9000, { isOfAllNodes: false })?.code).toBe('submit-reservation');
  });

  it('may name that reservation, where it is for the person', () => {
    expect(starts(2000, { users: ['alice'] })?.howToFix).toBe('sbatch --reservation=upgrade');
    expect(starts(2000, { accounts: ['ml'] })?.howToFix).toBe('sbatch --reservation=upgrade');
  });

  it.each([
    [null, {}],
    [1000, {}],
    [2000, { isOfAllNodes: false, nodes: 'n1', nodeCount: 1 }],
  ])('does not: start %s, %j', (start, more) => expect(starts(start, more)).toBeNull());
});
