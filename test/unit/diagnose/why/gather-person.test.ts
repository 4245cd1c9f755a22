import { describe, expect, test } from 'vitest';
import { findProblem, gatherGroups } from '../../../../src/diagnose/why/gather-person.ts';
import { ALICE, config, group } from '../../../support/records/healthy.ts';

type Groups = Parameters<typeof gatherGroups>[1];
type Rows = ReturnType<Parameters<typeof findProblem>[0]['history']>;

const stored = (...records: (typeof group)[]): Groups => records.map((record) => ({ record, absent: false }));
const pinned = {
  ...config,
  access: { ...config.access, groups: [{ name: 'slurm-users', id: 'old' }] },
} as typeof config;

describe('the access groups of a person', () => {
  test('list the members', () => {
    const [found] = gatherGroups(config, stored(group), ALICE);
    expect(found).toMatchObject({ name: 'slurm-users', found: { id: 'g1' }, listsPerson: true });
    expect(gatherGroups(config, stored(group), 'another')[0]?.listsPerson).toBe(false);
  });

  test.each(['Slurm-Users', 'slurm users', 'slurm_users'])('%s is a lookalike, not the group', (name) => {
    const [found] = gatherGroups(config, stored({ ...group, name }), ALICE);
    expect(found).toMatchObject({ found: null, lookalikes: [name], listsPerson: false });
  });

  test('a group of the name with another id than the pinned one is a lookalike', () => {
    const [found] = gatherGroups(pinned, stored(group), ALICE);
    expect(found).toMatchObject({ pinned: 'old', found: null, lookalikes: ['slurm-users'] });
  });

  test('an absent group is neither found nor a lookalike', () => {
    const absent = stored({ ...group, name: 'Slurm-Users' }).map((one) => ({ ...one, absent: true }));
    expect(gatherGroups(config, absent, ALICE)[0]).toMatchObject({ found: null, lookalikes: [] });
  });
});

describe('the problem of a person', () => {
  const row = (pass: number, problem: string | null) => ({ pass, problem });
  const find = (...rows: object[]) => findProblem({ history: () => rows as unknown as Rows }, 'alice');

  test('is a failure of the newest sync in the history', () => {
    expect(find(row(7, null), row(7, 'disk full'), row(6, 'older'))).toEqual(row(7, 'disk full'));
  });

  test('is none where the newest sync succeeded, the history is empty, or no name is known', () => {
    expect(find(row(7, null), row(6, 'older'))).toBeNull();
    expect(find()).toBeNull();
    expect(findProblem({ history: () => [row(7, 'x')] as unknown as Rows }, null)).toBeNull();
  });
});
