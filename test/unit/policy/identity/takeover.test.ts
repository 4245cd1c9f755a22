import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../../src/config/config.ts';
import { planTakeover, type TakeoverQuestion } from '../../../../src/policy/identity/takeover.ts';
import type { PasswdEntry } from '../../../../src/policy/posix.ts';
import { computeDesiredState } from '../../../../src/policy/desired-state.ts';
import {
  FACTS,
  makeBinding,
  makeConfig,
  makeGroup,
  makeInput,
  makePublished,
  makeUser,
  NOW,
} from '../../../support/records/organisation.ts';
import { propertyRuns } from '../../../support/property-runs.ts';

const CONFIG = makeConfig(
  'access: { groups: [{ name: slurm-users, id: g-users }] }\naccounts: { domains: [example.com] }',
);

const WITH_GIDS = parseConfig(
  'scim: { base_url: "https://store.example/x", attributes: { gid: gid } }\naccounts: { domains: [example.com] }',
  'config.yaml',
);

const makeLine = (name: string, uid: number, more: Partial<PasswdEntry> = {}): PasswdEntry => ({
  name,
  uid,
  gid: uid,
  gecos: '',
  dir: `/mnt/home/${name}`,
  shell: '/bin/bash',
  ...more,
});

const plan = (found: readonly PasswdEntry[], more: Partial<TakeoverQuestion> = {}) =>
  planTakeover({
    found,
    isLocal: false,
    keepUids: false,
    users: [makeUser('alice', 20100), makeUser('bob', null)],
    bindings: [],
    facts: FACTS,
    config: CONFIG,
    now: NOW,
    ...more,
  });

const BOUND = makeBinding('alice', 20100, { gid: 20100, home: '/mnt/home/alice' });

describe('a line is taken over', () => {
  test('with uid, gid and home as they are, by the name that the store’s user name gives', () => {
    expect(plan([makeLine('alice', 20100)])).toEqual({
      bindings: [BOUND],
      refused: [],
      known: [],
      unmatched: [],
    });
  });

  test('also outside of accounts.id_range, since it is there already', () => {
    expect(plan([makeLine('bob', 70_000)]).bindings).toMatchObject([{ name: 'bob', id: 70_000 }]);
  });

  test('once: the second time the ledger knows it', () => {
    expect(plan([makeLine('alice', 20100)], { bindings: [BOUND] })).toMatchObject({
      bindings: [],
      known: ['alice'],
    });
  });

  test('of the node’s own accounts with the private group that useradd made', () => {
    const facts = {
      ...FACTS,
      foreignAccounts: [{ name: 'alice', uid: 20100 }],
      foreignGroups: [{ name: 'alice', gid: 20100, members: [] }],
    };
    const { bindings } = plan([makeLine('alice', 20100)], { facts, isLocal: true });
    expect(bindings).toEqual([BOUND]);
    const { refusals, accounts } = computeDesiredState(
      makeInput({ config: CONFIG, bindings, facts: { ...facts, foreignAccounts: [] } }),
    );
    expect(refusals.filter(({ scimId }) => scimId === 'u-alice')).toEqual([]);
    expect(accounts.find(({ entry }) => entry.name === 'alice')).toMatchObject({
      entry: { uid: 20100, gid: 20100, dir: '/mnt/home/alice' },
      disabled: null,
      needsManagedGroup: true,
    });
  });
});

describe('a line in another spelling', () => {
  const called = (userName: string, uid: number | null) =>
    makeUser('x', uid, { userName, username: userName });
  test.each<[string, string, number, string, number | null]>([
    ['with dots, by uid', 'anna.smith', 20300, 'Anna.Smith@example.com', 20300],
    ['with capitals, by uid', 'Bob', 20300, 'bob@example.com', 20300],
    ['as userName has it, without a uid at the store', 'Bob', 20300, 'Bob@example.com', null],
  ])('%s, is taken over as it is', (_, name, uid, userName, storeUid) => {
    const { bindings } = plan([makeLine(name, uid)], { users: [called(userName, storeUid)] });
    expect(bindings).toMatchObject([{ scimId: 'u-x', name, id: uid }]);
  });

  test('and with another uid at the store is refused for that', () => {
    const users = [called('Bob@example.com', 20999)];
    expect(plan([makeLine('Bob', 20300)], { users }).refused).toMatchObject([{ code: 'uid-differs' }]);
  });

  test('belongs to no one who has neither the uid nor the spelling', () => {
    const users = [called('bob@example.com', 20999)];
    expect(plan([makeLine('Bob', 20300)], { users }).unmatched).toEqual(['Bob']);
  });

  test('goes to the person with its uid, where two lines come out alike', () => {
    const users = [
      called('anna.smith@example.com', 20300),
      makeUser('y', 20301, { username: 'anna_smith@example.com' }),
    ];
    const { bindings } = plan([makeLine('anna.smith', 20300), makeLine('anna_smith', 20301)], { users });
    expect(bindings.map(({ name, scimId }) => [name, scimId])).toEqual([
      ['anna.smith', 'u-x'],
      ['anna_smith', 'u-y'],
    ]);
  });

  test('is not renamed by accounts.rename, until the store has another name', () => {
    const config = makeConfig(
      'access: { groups: [{ name: slurm-users, id: g-users }] }\naccounts: { domains: [example.com], rename: apply }',
    );
    const bindings = [makeBinding('Anna.Smith', 20300, { scimId: 'u-x' })];
    const nameOf = (userName: string) => {
      const users = [called(userName, 20300)];
      const groups = [makeGroup('users', 31000, ['u-x'], { name: 'slurm-users' })];
      return computeDesiredState(makeInput({ config, bindings, users, groups })).accounts[0]?.entry.name;
    };
    expect(nameOf('anna.smith@example.com')).toBe('Anna.Smith');
    expect(nameOf('anna.jones@example.com')).toBe('anna_jones');
  });
});

test('--keep-uids binds what differs at the store, as the line has it', () => {
  const users = [makeUser('alice', 20999, { home: '/home/alice' })];
  const { bindings, refused } = plan([makeLine('alice', 20100)], { users, keepUids: true });
  expect([bindings, refused]).toEqual([[BOUND], []]);
});

const DERIVED = makeConfig('accounts: { domains: [example.com], ids: derived }');
const UNMAPPED = makeConfig('accounts: { domains: [example.com] }');

describe('a line is no obstacle to itself, nor is what says nothing of it', () => {
  const group = { ...BOUND, kind: 'group', scimId: 'g-alice', gid: null, home: null } as const;
  const alice = (more: object, uid: number | null = 20100) => ({ users: [makeUser('alice', uid, more)] });
  test.each<[string, Partial<TakeoverQuestion>, Partial<PasswdEntry>]>([
    ['a group of its name and number in the ledger', { bindings: [group] }, {}],
    [
      'its own line in the managed group',
      { facts: { ...FACTS, unbound: [{ name: 'alice', uid: 20100, gid: 9999, dir: '/home/alice' }] } },
      {},
    ],
    [
      'its own name as another program publishes it',
      { facts: { ...FACTS, published: { accounts: [makePublished('alice', 20100)], groups: [] } } },
      {},
    ],
    ['a uid at the store where uids are derived', { ...alice({}, 20999), config: DERIVED }, {}],
    [
      'a gid at the store that the configuration does not ask for',
      { ...alice({ gid: 20999 }), config: UNMAPPED },
      {},
    ],
    ['a person without a gid at the store', { ...alice({ gid: null }), config: WITH_GIDS }, {}],
    ['the same gid at the store', { ...alice({ gid: 20100 }), config: WITH_GIDS }, {}],
    ['an empty home at the store', alice({ home: '' }), {}],
    ['the same home at the store', alice({ home: '/mnt/home/alice' }), {}],
    [
      'the managed group as its primary one',
      { facts: { ...FACTS, foreignGroups: [{ name: 'sunk-users', gid: 9999, members: [] }] } },
      { gid: 9999 },
    ],
  ])('%s', (_, more, line) => {
    const { bindings, refused } = plan([makeLine('alice', 20100, line)], more);
    expect(refused).toEqual([]);
    expect(bindings).toEqual([{ ...BOUND, ...line }]);
  });
});

describe('a line is refused', () => {
  const local = { ...FACTS, foreignAccounts: [{ name: 'alice', uid: 20100 }] };
  const staff = { ...FACTS, foreignGroups: [{ name: 'team', gid: 20100, members: [] }] };
  const held = { ...BOUND, scimId: 'u-other' };
  const marked = (...lines: [string, number][]) => ({
    facts: {
      ...FACTS,
      unbound: lines.map(([name, uid]) => ({ name, uid, gid: 9999, dir: `/home/${name}` })),
    },
  });
  const published = (...lines: [string, number][]) => ({
    facts: {
      ...FACTS,
      published: { accounts: lines.map(([name, uid]) => makePublished(name, uid)), groups: [] },
    },
  });
  const never = 'and that is never changed';
  test.each<[string, PasswdEntry[], Partial<TakeoverQuestion>, string, string?]>([
    [
      'for another uid at the store',
      [makeLine('alice', 20101)],
      {},
      'uid-differs',
      'the uid is 20101 here and 20100 at the store',
    ],
    [
      'for a name that the ledger gave to another user',
      [makeLine('alice', 20100)],
      { bindings: [{ ...held, id: 20555 }] },
      'ledger-differs',
      "the ledger binds alice, uid 20555, to u-other; if that is this person's former id: sunk-agent rebind u-other u-alice",
    ],
    [
      'for another name in the ledger',
      [makeLine('alice', 20100)],
      { bindings: [{ ...BOUND, name: 'alicia' }] },
      'ledger-differs',
      `the ledger binds this person to alicia, uid 20100, gid 20100, /mnt/home/alice, ${never}`,
    ],
    [
      'for another gid in the ledger',
      [makeLine('alice', 20100)],
      { bindings: [{ ...BOUND, gid: 20999 }] },
      'ledger-differs',
      `the ledger binds this person to alice, uid 20100, gid 20999, /mnt/home/alice, ${never}`,
    ],
    [
      'for another home in the ledger',
      [makeLine('alice', 20100)],
      { bindings: [{ ...BOUND, home: '/home/alice' }] },
      'ledger-differs',
      `the ledger binds this person to alice, uid 20100, gid 20100, /home/alice, ${never}`,
    ],
    [
      'for a ledger without its gid and home',
      [makeLine('alice', 20100)],
      { bindings: [{ ...BOUND, gid: null, home: null }] },
      'ledger-differs',
      `the ledger binds this person to alice, uid 20100, gid none, no home, ${never}`,
    ],
    [
      'for a local account with its uid that is not to be taken over',
      [makeLine('alice', 20100)],
      {
        facts: {
          ...FACTS,
          foreignAccounts: [
            { name: 'alice', uid: 20100 },
            { name: 'hero', uid: 20100 },
          ],
        },
        isLocal: true,
      },
      'uid-local',
    ],
    [
      'for another uid in the managed group',
      [makeLine('alice', 20100)],
      marked(['alice', 20111]),
      'marked-differs',
    ],
    [
      'for a uid that another user has in the managed group, too',
      [makeLine('alice', 20100)],
      marked(['other', 20100], ['alice', 20100]),
      'marked-differs',
    ],
    [
      'for another uid that another program publishes',
      [makeLine('alice', 20100)],
      published(['alice', 20111]),
      'published-differs',
    ],
    [
      'for a uid that another program publishes for another user, too',
      [makeLine('alice', 20100)],
      published(['other', 20100], ['alice', 20100]),
      'published-differs',
    ],
    [
      'for a home that is no absolute path',
      [makeLine('alice', 20100, { dir: 'home/alice' })],
      {},
      'home-path',
      'the home home/alice is not an absolute path',
    ],
    [
      'for another home at the store',
      [makeLine('alice', 20100)],
      { users: [makeUser('alice', 20100, { home: '/home/alice' })] },
      'home-differs',
      'the home is /mnt/home/alice here and /home/alice at the store',
    ],
    [
      'for another gid at the store',
      [makeLine('alice', 20100)],
      {
        users: [makeUser('alice', 20100, { gid: 20999 })],
        config: WITH_GIDS,
      },
      'gid-differs',
      'the primary gid is 20100 here and 20999 at the store',
    ],
    [
      'for another uid in the ledger',
      [makeLine('alice', 20100)],
      { bindings: [{ ...BOUND, id: 20555 }] },
      'ledger-differs',
      `the ledger binds this person to alice, uid 20555, gid 20100, /mnt/home/alice, ${never}`,
    ],
    [
      'for a uid that the ledger gave to another user',
      [makeLine('alice', 20100)],
      { bindings: [{ ...BOUND, scimId: 'u-other', name: 'other' }] },
      'ledger-differs',
    ],
    ['for a local account of that name', [makeLine('alice', 20100)], { facts: local }, 'name-local'],
    [
      'for a primary group that is a local one',
      [makeLine('alice', 20100)],
      { facts: staff, isLocal: true },
      'gid-local',
      "the primary group team is a local one, and not this account's own",
    ],
    [
      'for a name that two people have',
      [makeLine('alice', 20100)],
      { users: [makeUser('alice', 20100), makeUser('Alice', 20100)] },
      'name-clash',
      'several people at the store come out as alice: u-Alice, u-alice',
    ],
    [
      'for a uid that two lines have',
      [makeLine('bob', 20300), makeLine('carol', 20300)],
      {},
      'uid-clash',
      'several lines have the uid 20300',
    ],
    [
      'for a system’s uid',
      [makeLine('bob', 401)],
      {},
      'uid-reserved',
      'the uid 401 is reserved for the system',
    ],
    [
      'for a system’s gid',
      [makeLine('bob', 20300, { gid: 27 })],
      {},
      'gid-reserved',
      'the primary gid 27 is reserved for the system',
    ],
    [
      'for a name with power on this node',
      [makeLine('deploy', 20300)],
      { users: [makeUser('deploy', null)] },
      'name-powerful',
    ],
  ])('%s', (_, found, more, code, detail) => {
    const { bindings, refused } = plan(found, more);
    expect(bindings).toEqual([]);
    expect(refused).toMatchObject([{ code, ...(detail === undefined ? {} : { detail }) }]);
  });
});

test('a line that no user at the store has stays out of the ledger', () => {
  const gone = { ...makeUser('zoe', 20500), absent: true };
  expect(plan([makeLine('zoe', 20500), makeLine('yan', 20501)], { users: [gone] })).toEqual({
    bindings: [],
    refused: [],
    known: [],
    unmatched: ['yan', 'zoe'],
  });
});

test('whatever the lines, a binding has the uid, gid and home of its line, and no name or uid comes twice', () => {
  const names = ['alice', 'bob', 'carol', 'root', 'dave'];
  const line = fc.record({
    name: fc.constantFrom(...names),
    uid: fc.constantFrom(0, 401, 20100, 20200, 20300, 65_534),
    gid: fc.constantFrom(0, 9999, 20100, 30_001),
    gecos: fc.string(),
    dir: fc.oneof(fc.constantFrom('/home/a', '/mnt/home/alice'), fc.string()),
    shell: fc.string(),
  });
  const users = names.map((name, index) => makeUser(name, index % 2 === 0 ? 20100 + 100 * index : null));
  fc.assert(
    fc.property(
      fc.uniqueArray(line, { selector: ({ name }) => name }),
      fc.subarray(users),
      fc.boolean(),
      (found, some, isLocal) => {
        const { bindings, refused, unmatched } = plan(found, { users: some, isLocal });
        expect(bindings.length + refused.length + unmatched.length).toBe(found.length);
        expect(new Set(bindings.map(({ id }) => id)).size).toBe(bindings.length);
        for (const { name, id, gid, home, scimId } of bindings) {
          const entry = found.find((other) => other.name === name);
          expect({ id, gid, home }).toEqual({ id: entry?.uid, gid: entry?.gid, home: entry?.dir });
          expect(scimId).toBe(`u-${name}`);
          expect(id).toBeGreaterThanOrEqual(1000);
        }
        const reversed = plan([...found].reverse(), { users: [...some].reverse(), isLocal });
        expect(reversed).toEqual({ bindings, refused, known: [], unmatched });
      },
    ),
    { numRuns: propertyRuns(2000, 100_000) },
  );
});
