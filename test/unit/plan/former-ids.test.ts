import { expect, test } from 'vitest';
import { asOnHost } from '../../../src/plan/former-ids.ts';
import { makeBinding } from '../../support/records/organisation.ts';

const bob = makeBinding('bob', 20_777, { scimId: 'u-new' });
const team = { ...bob, kind: 'group', name: 'team', id: 31_999 } as const;
const former = [
  { kind: 'account', from: 'u-old', to: 'u-new', name: 'bob', id: 20_200 },
  { kind: 'group', from: 'g-old', to: 'g-new', name: 'team', id: 31_000 },
] as const;
const host = (uid: number, gid: number) => ({
  accounts: new Map([
    [
      'bob',
      { entry: { name: 'bob', uid, gid: 9999, gecos: '', dir: '/home/bob', shell: '' }, expiryDay: null },
    ],
  ]),
  groups: new Map([['team', { name: 'team', gid, members: [] }]]),
});

test('a line that still has a former id is managed under it', () => {
  expect(asOnHost([bob, team], former, host(20_200, 31_000)).map(({ id }) => id)).toEqual([20_200, 31_000]);
});

test('any other line is not', () => {
  for (const one of [host(20_777, 31_999), host(20_300, 31_300), { accounts: new Map(), groups: new Map() }])
    expect(asOnHost([bob, team], former, one)).toEqual([bob, team]);
  const bindings = [bob];
  expect(asOnHost(bindings, [], host(20_200, 31_000))).toBe(bindings);
});

test('of several former ids any counts, of that name and kind alone', () => {
  const moves = [{ ...former[0], id: 20_100 }, ...former, { ...former[0], name: 'team', id: 5 }];
  expect(asOnHost([bob], moves, host(20_200, 0)).map(({ id }) => id)).toEqual([20_200]);
  expect(asOnHost([bob], moves, host(5, 0))).toEqual([bob]);
  expect(asOnHost([bob], [former[1]], host(20_200, 0))).toEqual([bob]);
});
