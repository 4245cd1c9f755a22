import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findCandidates, listAttributes } from '../../../../src/cli/init/attribute-candidates.ts';
import { compilePath } from '../../../../src/protocol/attribute-path.ts';

const USER = 'urn:example:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
const GROUP = 'urn:example:params:scim:schemas:extension:coreweave:2.0:CoreWeaveGroup';
const user = {
  id: '5d0c8f0e',
  userName: 'anna.smith@example.com',
  displayName: 'Anna Smith',
  name: { givenName: 'Anna', familyName: 'Smith' },
  meta: { created: '2026-01-01T00:00:00Z' },
  [USER]: {
    uid: 10_004,
    primaryGid: '20000',
    posixUsername: 'asmith',
    homeDirectory: '/mnt/home/asmith',
    loginShell: '/bin/zsh',
    costCenter: '4711',
  },
};
const group = { id: '7f3c', displayName: 'ML Team', [GROUP]: { gid: 20_001, posixGroupName: 'ml-team' } };

describe('the attributes of a raw resource', () => {
  test.each([
    ['username', user, `${USER}:posixUsername`],
    ['uid', user, `${USER}:uid`],
    ['home', user, `${USER}:homeDirectory`],
    ['shell', user, `${USER}:loginShell`],
    ['group_name', group, `${GROUP}:posixGroupName`],
    ['group_gid', group, `${GROUP}:gid`],
  ] as const)('that could be the %s are found, the likeliest first', (key, raw, path) => {
    expect(findCandidates(key, raw)[0]?.path).toBe(path);
  });

  test('that only look like an id are not offered', () => {
    expect(findCandidates('uid', user).map(({ path }) => path)).toEqual([`${USER}:uid`]);
    expect(findCandidates('gid', { ...user, [USER]: { costCenter: '4711' } })).toEqual([]);
  });

  test('are found again under the path that is offered, whatever the store has', () =>
    fc.assert(
      fc.property(fc.anything({ maxDepth: 4, withNullPrototype: true }), (raw) => {
        for (const { path, value } of listAttributes(raw)) {
          expect(String(compilePath(path)(raw)).slice(0, 200)).toBe(value);
        }
      }),
    ));

  test('of a huge resource are bounded', () => {
    const huge = { a: Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`k${n}`, n])) };
    expect(listAttributes(huge).length).toBeLessThanOrEqual(500);
  });
});
