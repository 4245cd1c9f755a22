// A group that was created again, under a name that several claim: which of them stands in for the lost one.
import { describe, expect, test } from 'vitest';
import { computeDesiredState } from '../../../../src/policy/desired-state.ts';
import type { StoredGroup } from '../../../../src/policy/model.ts';
import { makeBinding, makeConfig, makeGroup, makeInput } from '../../../support/records/organisation.ts';

const bindings = [
  makeBinding('slurm-admins', 31_001, { kind: 'group', scimId: 'g-old', gid: null, home: null }),
];
const lost = { ...makeGroup('old', 31_001, ['u-alice', 'u-bob'], { name: 'slurm-admins' }), absent: true };
const early = makeGroup('early', null, ['u-alice'], {
  name: 'slurm-admins',
  created: '2020-01-01T00:00:00Z',
});
const late = makeGroup('late', null, ['u-bob'], { name: 'slurm-admins', created: 'x' });
const users = makeGroup('users', 31_000, ['u-alice', 'u-bob'], { name: 'slurm-users' });

const decide = (groups: StoredGroup[], sudo: string) => {
  const config = makeConfig(`
access: { groups: [{ name: slurm-users, id: g-users }], sudo_groups: [${sudo}] }
accounts: { domains: [example.com], groups: ["*"] }
`);
  const { groups: found } = computeDesiredState(makeInput({ groups, bindings, config }));
  return found.filter(({ name }) => name === 'slurm-admins');
};

/** All orders in which the store may list them. */
const ORDERS = [lost, early, late].flatMap((a, _, all) =>
  all.filter((b) => b !== a).map((b) => [a, b, ...all.filter((c) => c !== a && c !== b), users]),
);

describe('in whatever order the store lists them', () => {
  test.each(ORDERS)(
    'the one created earliest is the sudo group by name, and gives sudo to its members alone',
    (...groups) => {
      expect(decide(groups, '{ name: slurm-admins }')).toMatchObject([
        { scimId: 'g-old', gid: 31_001, members: ['alice'], sudo: true },
      ]);
    },
  );

  test.each(ORDERS)('one that is pinned comes before one that was created earlier', (...groups) => {
    expect(decide(groups, '{ name: slurm-admins, id: g-late }')).toMatchObject([
      { scimId: 'g-old', members: ['bob'], sudo: true },
    ]);
  });

  test.each(ORDERS)('where none is a sudo group, none gives sudo', (...groups) => {
    expect(decide(groups, '')).toMatchObject([{ scimId: 'g-old', members: ['alice'], sudo: false }]);
  });
});
