// Arbitrary organisations, hostile ones included, from small pools so that clashes are common.
import * as fc from 'fast-check';
import { makeConfig, NOW, readFakeKeys } from './organisation.ts';
import type { StoredGroup, StoredUser } from '../../../src/policy/model.ts';
import { propertyRuns } from '../property-runs.ts';
import { anyText } from './any-text.ts';

/** How often a property is tried. */
export const RUNS = propertyRuns(2000, 100_000);

const hostile = fc.constantFrom(
  'root:x:0:0::/root:/bin/sh',
  'x\nroot:x:0:0',
  '\u001b[2J',
  '\u202eevil',
  '../../etc',
  '-rf',
  '%u',
  '__proto__',
  '',
);
const names = fc.constantFrom(
  'ann',
  'Ann',
  'a.b',
  'a_b',
  'bob',
  'root',
  'deploy',
  'localhero',
  'zoë',
  'sunk-users',
);
const username = fc.oneof(
  { weight: 5, arbitrary: names },
  { weight: 3, arbitrary: names.map((name) => `${name}@example.com`) },
  { weight: 1, arbitrary: fc.oneof(hostile, anyText) },
);
const id = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 20000, max: 20006 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 400, 999, 20001, 60001, 2 ** 31, -1, 1.5) },
);
const created = fc.constantFrom(
  null,
  '2020-01-01T00:00:00Z',
  '2020-01-01T01:00:00+01:00',
  '2021-06-01T00:00:00Z',
  'x',
);
const text = fc.oneof(fc.constantFrom(null, 'Ann Example'), hostile, anyText);
const home = fc.oneof(fc.constantFrom(null, '/home/x', '/home/ann', '/etc', '/home/../etc'), hostile);
const key = fc.constantFrom('k1', 'k2', 'k3', 'k4', 'bad');

const PEOPLE = ['u0', 'u1', 'u2', 'u3', 'u4', 'u5'];
const GROUPS = ['g-users', 'g-admins', 'g-a', 'g-b'];

const user = (scimId: string): fc.Arbitrary<StoredUser> =>
  fc
    .record({
      record: fc.record({
        id: fc.constant(scimId),
        userName: username,
        externalId: fc.constant(null),
        active: fc.boolean().map((flag) => flag || scimId === 'u0'),
        created,
        displayName: text,
        username,
        uid: fc.option(id, { freq: 8 }),
        gid: fc.constant(null),
        home: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: home }),
        shell: fc.constantFrom(null, '/bin/zsh', '/bin/evil\n'),
        keys: fc.uniqueArray(key, { maxLength: 3 }),
      }),
      confirmedAt: fc.constantFrom(0, NOW - 100, NOW),
      absent: fc.boolean().map((flag) => flag && scimId !== 'u0'),
    })
    .map((stored) => ({ ...stored, readings: readFakeKeys(stored.record.keys) }));

const group = (scimId: string): fc.Arbitrary<StoredGroup> =>
  fc.record({
    record: fc.record({
      id: fc.constant(scimId),
      name: fc.oneof(
        fc.constantFrom('slurm-users', 'slurm-admins', 'team-a', 'team.a', 'Team-A', 'team-power', 'docker'),
        hostile,
      ),
      externalId: fc.constant(null),
      created,
      gid: fc.option(fc.oneof(fc.integer({ min: 31000, max: 31003 }), fc.constantFrom(0, 27, 9999, 30001)), {
        freq: 8,
      }),
      members: fc.subarray(PEOPLE),
      nested: fc.constantFrom([], ['g-x']),
    }),
    absent: fc.boolean().map((flag) => flag && scimId !== 'g-users'),
  });

/** What the store lists at one time; not every record need be known. */
export const organisation = fc.record({
  users: fc.tuple(...PEOPLE.map(user)).chain((all) => fc.shuffledSubarray(all)),
  groups: fc.tuple(...GROUPS.map(group)).chain((all) => fc.shuffledSubarray(all)),
  blocked: fc.subarray(['u1', 'ann', 'bob@example.com']),
});

const CONFIGS = ['keep', 'apply'].flatMap((rename) =>
  ['attribute', 'derived'].map((ids) =>
    makeConfig(`
access:
  groups: [{ name: slurm-users, id: g-users }]
  sudo_groups: [{ name: slurm-admins }]
accounts: { domains: [example.com], groups: ["*"], rename: ${rename}, ids: ${ids}, id_range: [20000, ${ids === 'derived' ? 20007 : 59999}], retention: 2d }
offboarding: { hook: ${rename === 'keep' ? '/usr/local/sbin/hook' : 'null'} }
`),
  ),
);

export const config = fc.constantFrom(...CONFIGS);

/** Some time later; the retention may be over. */
export const pause = fc.constantFrom(0, 60, 86_400, 3 * 86_400);
