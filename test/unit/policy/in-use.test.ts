import { expect, test } from 'vitest';
import { findGidInUse, findUidInUse, NOTHING_IN_USE } from '../../../src/policy/in-use.ts';

const range = { low: 100, high: 102, location: '/etc/subuid:1' };

test.each([
  [99, null],
  [100, '/etc/subuid:1'],
  [101, '/etc/subuid:1'],
  [102, '/etc/subuid:1'],
  [103, null],
])('both ends of a range are in use: %i', (id, location) => {
  const other = { low: 500, high: 600, location: 'other' };
  expect(findUidInUse(id, { ...NOTHING_IN_USE, uidRanges: [other, range] })).toBe(location);
  expect(findGidInUse(id, { ...NOTHING_IN_USE, gidRanges: [other, range] })).toBe(location);
});

test('uids and gids are apart, and a line comes before a range', () => {
  const inUse = { ...NOTHING_IN_USE, uids: new Map([[101, '/etc/passwd:1']]), uidRanges: [range] };
  expect(findUidInUse(101, inUse)).toBe('/etc/passwd:1');
  expect(findGidInUse(101, inUse)).toBeNull();
  expect(findUidInUse(7, NOTHING_IN_USE)).toBeNull();
});
