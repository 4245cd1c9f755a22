// Which members of a group may log in.
import { expect, test } from 'vitest';
import type { DesiredAccount } from '../../../../src/policy/model.ts';
import { findMembers, listEnabled } from '../../../../src/policy/groups/group-members.ts';
import { makeGroup } from '../../../support/records/organisation.ts';

const account = (
  name: string,
  scimId: string,
  closed: DesiredAccount['disabled'] = null,
): DesiredAccount => ({
  scimId,
  entry: { name, uid: 20100, gid: 9999, gecos: '', dir: `/home/${name}`, shell: '/bin/bash' },
  disabled: closed,
  credentials: [],
  extension: null,
  needsManagedGroup: false,
});
const ANN = account('ann', 'u-3');
const BOB = account('bob', 'u-2');
const CARL = account('carl', 'u-1');

test('only those who may log in are members, each once, in the order of their names', () => {
  const enabled = listEnabled([ANN, BOB, account('closed', 'u-4', 'inactive'), CARL]);
  const { record } = makeGroup('team', 31000, ['u-3', 'u-1', 'u-3', 'u-2', 'u-1', 'u-4', 'u-gone']);
  expect(findMembers(record.members, enabled)).toEqual(['ann', 'bob', 'carl']);
  expect(findMembers(['u-4'], enabled)).toEqual([]);
});
