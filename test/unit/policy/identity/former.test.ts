import { expect, test } from 'vitest';
import { followConfig, followId } from '../../../../src/policy/identity/former.ts';
import { makeConfig } from '../../../support/records/organisation.ts';

const move = (from: string, to: string, kind: 'account' | 'group' = 'account') => ({
  kind,
  from,
  to,
  name: 'x',
  id: 20_000,
});

test('an id is followed through all moves in their order, also back', () => {
  const moves = [move('a', 'b'), move('b', 'c'), move('x', 'y', 'group')];
  expect(followId('a', 'account', moves)).toBe('c');
  expect(followId('b', 'account', moves)).toBe('c');
  expect(followId('c', 'account', moves)).toBe('c');
  expect(followId('x', 'account', moves)).toBe('x');
  expect(followId('a', 'account', [move('a', 'b'), move('b', 'a')])).toBe('a');
});

test('pins and overrides mean the present id', () => {
  const config = makeConfig(`
access:
  groups: [{ name: users, id: g-old }, { name: others }]
  sudo_groups: [{ name: admins, id: g-old }]
overrides: [{ id: u-old, block: true }, { group: g-old, gid: 7000 }, { name: zed, uid: 7001 }]
`);
  const followed = followConfig(config, [move('u-old', 'u-new'), move('g-old', 'g-new', 'group')]);
  expect(followed.access.groups.map(({ id }) => id)).toEqual(['g-new', null]);
  expect(followed.access.sudo_groups.map(({ id }) => id)).toEqual(['g-new']);
  expect(followed.overrides).toEqual([
    { id: 'u-new', block: true },
    { group: 'g-new', gid: 7000 },
    { name: 'zed', uid: 7001 },
  ]);
  expect(followConfig(config, [])).toBe(config);
});
