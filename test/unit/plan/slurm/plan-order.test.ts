// People who are known no more, and the order of changes.
import { describe, expect, test } from 'vitest';
import type { SlurmOwned } from '../../../../src/plan/slurm/slurm-rows.ts';
import { alice, OWNED, person, plan, row, sayAll } from '../../../support/slurm/one-plan.ts';

describe('users that sunk-agent made for people who are known no more', () => {
  test('lose what they had, in the order of their names, as people without access', () => {
    const owned: SlurmOwned[] = [
      ...OWNED.slice(0, 2),
      { cluster: 'c', kind: 'user', name: 'zoe', scimId: 'u-zoe' },
      { cluster: 'c', kind: 'user', name: 'bob', scimId: 'u-bob' },
    ];
    const rows = {
      users: ['zoe', 'bob'].map((name) => ({ name, defaultAccount: 'ml' })),
      associations: ['zoe', 'bob'].map((user) => row('ml', { user })),
    };
    const found = plan({ owned, rows });
    expect(sayAll(found).filter((line) => line.includes('remove'))).toEqual([
      'slurm-association-remove bob ml',
      'slurm-association-remove zoe ml',
    ]);
    expect(found.changes[0]).toMatchObject({ scimId: 'u-bob', because: 'has no access', isEnabled: false });
  });

  test('are not those that are listed', () => {
    const rows = { users: [alice('ml')], associations: [row('ml')] };
    expect(plan({ people: [person(['ml'])], rows }).changes).toEqual([]);
  });
});

test('changes of several people go by kind, then by name', () => {
  const people = ['bob', 'alice'].map((name) => person(['ml', 'bio'], { name, scimId: `u-${name}` }));
  expect(sayAll(plan({ people, owned: OWNED.slice(0, 2) }))).toEqual([
    'slurm-association-add alice ml',
    'slurm-association-add alice bio',
    'slurm-association-add bob ml',
    'slurm-association-add bob bio',
  ]);
});
