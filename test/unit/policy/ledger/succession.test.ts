import { describe, expect, test } from 'vitest';
import { findStranded, findSuccessions, isLiving } from '../../../../src/policy/ledger/succession.ts';
import type { Binding } from '../../../../src/policy/model.ts';
import { CONFIG, makeBinding, makeGroup, makeUser } from '../../../support/records/organisation.ts';

const BOB = makeBinding('bob', 20_200, { scimId: 'u-old' });
const TEAM: Binding = {
  ...BOB,
  scimId: 'g-old',
  kind: 'group',
  name: 'team',
  id: 31_000,
  gid: null,
  home: null,
};
const gone = { ...makeUser('bob', 20_200, { id: 'u-old', externalId: 'e-1' }), absent: true };
const goneTeam = { ...makeGroup('team', 31_000, [], { id: 'g-old', externalId: 'e-2' }), absent: true };
const find = (more: Partial<Parameters<typeof findSuccessions>[0]>) =>
  findSuccessions({ users: [], groups: [], bindings: [BOB, TEAM], config: CONFIG, ...more });
const pairs = (more: Partial<Parameters<typeof findSuccessions>[0]>) =>
  find(more).map(({ name, from, to }) => `${name}: ${from} ${to}`);

describe('one who was created again', () => {
  test.each([
    ['by the name', makeUser('bob', 20_777, { id: 'u-new' })],
    ['by the name, spelt otherwise', makeUser('Bob', 20_777, { id: 'u-new' })],
    ['by the externalId', makeUser('robert', 20_777, { id: 'u-new', externalId: 'e-1' })],
    [
      'by the userName',
      makeUser('bob', 20_777, { id: 'u-new', userName: 'BOB@example.com', username: 'rob' }),
    ],
  ])('is found %s', (_, user) => {
    expect(pairs({ users: [gone, user] })).toEqual(['bob: u-old u-new']);
  });

  test('is found though the store says nothing of the former one, or that it is inactive', () => {
    const fresh = makeUser('bob', 20_777, { id: 'u-new' });
    expect(pairs({ users: [fresh] })).toEqual(['bob: u-old u-new']);
    const inactive = makeUser('bob', 20_200, { id: 'u-old', active: false });
    expect(pairs({ users: [inactive, fresh] })).toEqual(['bob: u-old u-new']);
  });

  test('is each of those who claim it', () => {
    const twins = ['u-b', 'u-a'].map((id) => makeUser('bob', null, { id }));
    expect(pairs({ users: [gone, ...twins] })).toEqual(['bob: u-old u-a', 'bob: u-old u-b']);
  });

  test('may be a group', () => {
    expect(pairs({ groups: [goneTeam, makeGroup('team', 31_999, [], { id: 'g-new' })] })).toEqual([
      'team: g-old g-new',
    ]);
    const renamed = makeGroup('crew', 31_999, [], { id: 'g-new', externalId: 'e-2' });
    expect(pairs({ groups: [goneTeam, renamed] })).toEqual(['team: g-old g-new']);
  });

  test.each([
    [
      'while the former one is there',
      [makeUser('bob', 1, { id: 'u-old' }), makeUser('bob', 2, { id: 'u-new' })],
      [BOB],
    ],
    ['who is inactive', [gone, makeUser('bob', 2, { id: 'u-new', active: false })], [BOB]],
    ['who is absent too', [gone, { ...makeUser('bob', 2, { id: 'u-new' }), absent: true }], [BOB]],
    [
      'who has an account',
      [gone, makeUser('bob', 2, { id: 'u-new' })],
      [BOB, { ...BOB, scimId: 'u-new', name: 'b2' }],
    ],
    ['who claims nothing of it', [gone, makeUser('zoe', 2)], [BOB]],
    ['with no binding to claim', [gone, makeUser('bob', 2, { id: 'u-new' })], [TEAM]],
    [
      'without an externalId, like the former one',
      [{ ...gone, record: { ...gone.record, externalId: null } }, makeUser('zoe', 2)],
      [BOB],
    ],
  ])('is none %s', (_, users, bindings) => {
    expect(pairs({ users, bindings })).toEqual([]);
  });
});

test('stranded are those that the policy refuses', () => {
  const successions = find({ users: [gone, makeUser('bob', 2, { id: 'u-new' })] });
  const refusal = { scimId: 'u-new', kind: 'User', code: 'name-bound', detail: '' } as const;
  expect(findStranded(successions, [refusal])).toEqual(successions);
  expect(findStranded(successions, [{ ...refusal, kind: 'Group' }])).toEqual([]);
  expect(findStranded([], [refusal])).toEqual([]);
});

test('a group has no active, and lives as long as the store has it', () => {
  expect(isLiving(makeGroup('team', 1, []))).toBe(true);
  expect(isLiving(goneTeam)).toBe(false);
});
