// Which account is the default one.
import { describe, expect, test } from 'vitest';
import { alice, person, plan, row, sayAll } from '../../../support/slurm/one-plan.ts';

describe('the default account', () => {
  const rows = {
    users: [alice('ml')],
    associations: [row('bio', { id: 2 }), row('ml', { id: 1 })],
  };

  test('is that of the rule', () => {
    expect(plan({ people: [person(['bio', 'ml'], { defaultAccount: 'bio' })], rows }).changes).toMatchObject([
      { kind: 'slurm-default-set', account: 'bio', because: 'the default by rule' },
    ]);
  });

  test('is the oldest where no rule decides, or where the rule’s is not theirs', () => {
    const younger = { ...rows, users: [alice('bio')] };
    for (const defaultAccount of [null, 'legacy'])
      expect(
        plan({ people: [person(['bio', 'ml'], { defaultAccount })], rows: younger }).changes,
      ).toMatchObject([{ kind: 'slurm-default-set', account: 'ml' }]);
    expect(plan({ people: [person(['bio', 'ml'])], rows: younger }).changes).toMatchObject([
      { because: 'the oldest account is the default' },
    ]);
  });

  test('stays where it is right, and is not set of a user that is made now', () => {
    expect(plan({ people: [person(['bio', 'ml'])], rows }).changes).toEqual([]);
    expect(sayAll(plan({ people: [person(['bio'])] }))).toEqual(['slurm-association-add alice bio']);
  });

  test('moves to a new association where no other stays', () => {
    const one = { users: [alice('bio')], associations: [row('bio')] };
    expect(sayAll(plan({ people: [person(['ml'])], rows: one }))).toContain('slurm-default-set alice ml');
  });
});
