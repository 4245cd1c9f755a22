// What a person loses, and in which order.
import { describe, expect, test } from 'vitest';
import { alice, person, plan, row, sayAll } from '../../../support/slurm/one-plan.ts';

describe('a person who loses an account', () => {
  const rows = {
    users: [alice('bio')],
    associations: [row('bio', { id: 1 }), row('ml', { id: 2 })],
    jobs: [
      { user: 'alice', account: 'bio', isPending: false },
      { user: 'bob', account: 'ml', isPending: false },
    ],
  };

  test('can submit no more, then the jobs end, then the default moves, then the association goes', () => {
    const { changes } = plan({ people: [person(['ml'])], rows });
    expect(sayAll({ changes })).toEqual([
      'slurm-submit-stop alice bio',
      'slurm-jobs-cancel alice bio',
      'slurm-default-set alice ml',
      'slurm-association-remove alice bio',
    ]);
    expect(changes.filter(({ kind }) => kind !== 'slurm-default-set')).toMatchObject(
      Array.from({ length: 3 }, () => ({ because: 'not in a group of that account', isEnabled: true })),
    );
  });

  test('who has no access loses all, the default account last', () => {
    const { changes } = plan({ people: [person([], { isEnabled: false })], rows });
    expect(sayAll({ changes }).filter((line) => line.includes('remove'))).toEqual([
      'slurm-association-remove alice ml',
      'slurm-association-remove alice bio',
    ]);
    for (const change of changes)
      expect(change).toMatchObject({ because: 'has no access', isEnabled: false });
  });

  test('is stopped once', () => {
    const stopped = { ...rows, associations: [row('bio', { isStopped: true }), row('ml')], jobs: [] };
    expect(sayAll(plan({ people: [person(['ml'])], rows: stopped }))).toEqual([
      'slurm-default-set alice ml',
      'slurm-association-remove alice bio',
    ]);
  });

  test('keeps the association, stopped, while the controller does not answer', () => {
    const { changes } = plan({ people: [person(['ml'])], rows: { ...rows, uids: null } });
    expect(sayAll({ changes })).not.toContain('slurm-association-remove alice bio');
    expect(sayAll({ changes })).toContain('slurm-submit-stop alice bio');
  });

  test('has jobs ended whose association is gone, in managed accounts that are not wanted', () => {
    const jobs = ['ml', 'bio', 'legacy'].map((account) => ({ user: 'alice', account, isPending: false }));
    const found = plan({
      people: [person(['ml'])],
      rows: { users: [alice('ml')], associations: [row('ml')], jobs },
    });
    expect(sayAll(found)).toEqual(['slurm-jobs-cancel alice bio']);
    expect(found.changes).toMatchObject([{ because: 'not in a group of that account', isEnabled: true }]);
  });

  test('has them ended in the order of their names', () => {
    const jobs = ['ml', 'bio'].map((account) => ({ user: 'alice', account, isPending: false }));
    expect(sayAll(plan({ people: [person([])], rows: { jobs } }))).toEqual([
      'slurm-jobs-cancel alice bio',
      'slurm-jobs-cancel alice ml',
    ]);
  });

  test('has the default moved to the oldest association of others, which keeps its row', () => {
    const others = [row('legacy', { id: 9 }), row('other', { id: 4 })];
    const found = plan({
      people: [person([], { isEnabled: false })],
      rows: { users: [alice('ml')], associations: [row('ml', { id: 1 }), ...others] },
    });
    expect(sayAll(found)).toEqual([
      'slurm-submit-stop alice ml',
      'slurm-default-set alice other',
      'slurm-association-remove alice ml',
    ]);
    expect(found.refusals).toMatchObject([
      {
        scimId: 'u-alice',
        kind: 'User',
        name: 'alice',
        code: 'slurm-association-foreign',
        detail:
          'alice has no access, and associations that sunk-agent did not make: legacy, other. Remove them: sacctmgr delete user alice',
      },
    ]);
  });

  test('keeps a default of others', () => {
    const found = plan({
      people: [person([])],
      rows: { users: [alice('legacy')], associations: [row('ml'), row('bio'), row('legacy')] },
    });
    expect(sayAll(found).filter((line) => line.includes('default'))).toEqual([]);
    expect(found.refusals).toEqual([]);
  });

  test('is left alone while the guard holds a change of theirs on the node', () => {
    expect(plan({ people: [person([], { isEnabled: false })], rows, held: ['u-alice'] })).toEqual({
      changes: [],
      owned: [],
      refusals: [],
      draining: [],
    });
    expect(plan({ people: [person([], { isEnabled: false })], rows, held: ['u-bob'] }).changes).not.toEqual(
      [],
    );
  });
});

test('jobs of an association of one partition, which others made, go on while the person has access', () => {
  const rows = {
    users: [alice('ml')],
    associations: [row('ml'), row('bio', { partition: 'gpu' })],
    jobs: [{ user: 'alice', account: 'bio', isPending: false }],
  };
  expect(sayAll(plan({ people: [person(['ml'])], rows }))).toEqual([]);
  expect(sayAll(plan({ people: [person([], { isEnabled: false })], rows }))).toContain(
    'slurm-jobs-cancel alice bio',
  );
});
