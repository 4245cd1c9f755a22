// Who may log in and who is in which group: worked out again only when somebody comes or goes.
import { expect, test } from 'vitest';
import type { DesiredAccount } from '../../../src/policy/model.ts';
import { findMembers, listEnabled } from '../../../src/policy/group-members.ts';
import { makeGroup } from '../../support/records/organisation.ts';

const account = (
  name: string,
  scimId: string,
  closed: DesiredAccount['disabled'] = null,
): DesiredAccount => ({
  scimId,
  entry: { name, uid: 20100, gid: 9999, gecos: '', dir: `/home/${name}`, shell: '/bin/bash' },
  disabled: closed,
  keys: [],
  keyFile: '',
  expiresAt: null,
  needsManagedGroup: false,
});
const ANN = account('ann', 'u-3');
const BOB = account('bob', 'u-2');
const CARL = account('carl', 'u-1');

test('only those who may log in are members, each once, in the order of their names', () => {
  const roster = listEnabled([ANN, BOB, account('closed', 'u-4', 'inactive'), CARL]);
  const { record } = makeGroup('team', 31000, ['u-3', 'u-1', 'u-3', 'u-2', 'u-1', 'u-4', 'u-gone']);
  expect(findMembers(record, roster)).toEqual(['ann', 'bob', 'carl']);
  expect(findMembers(makeGroup('empty', 31001, ['u-4']).record, roster)).toEqual([]);
});

test('the list stays the very same as long as nobody comes, goes or is renamed', () => {
  const before = listEnabled([ANN, BOB]);
  expect(listEnabled([{ ...ANN }, account('zed', 'u-9', 'absent'), BOB])).toBe(before);
  for (const others of [
    [ANN],
    [ANN, BOB, CARL],
    [ANN, account('bob', 'u-8')],
    [ANN, account('bobby', 'u-2')],
  ]) {
    const after = listEnabled(others);
    expect(after).not.toBe(before);
    expect(after.names).toEqual(others.map(({ entry }) => entry.name));
    expect(after.scimIds).toEqual(others.map(({ scimId }) => scimId));
  }
});

test('so do the members of a group, and they follow who comes and goes', () => {
  const { record } = makeGroup('team', 31000, ['u-1', 'u-2', 'u-3']);
  const both = findMembers(record, listEnabled([ANN, BOB]));
  expect(both).toEqual(['ann', 'bob']);
  expect(findMembers(record, listEnabled([ANN, BOB]))).toBe(both);
  expect(findMembers(record, listEnabled([ANN, CARL]))).toEqual(['ann', 'carl']);
  expect(findMembers({ ...record, members: ['u-1'] }, listEnabled([ANN, CARL]))).toEqual(['carl']);
});
