import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { parseConfig } from '../../src/config.ts';
import { planTakeover, type TakeoverQuestion } from '../../src/policy/takeover.ts';
import type { PasswdEntry } from '../../src/policy/posix.ts';
import { desire } from '../../src/policy/desire.ts';
import { FACTS, makeConfig, makeInput, makeUser, NOW } from './organisation.ts';
import { propertyRuns } from '../property-runs.ts';

vi.setConfig({ testTimeout: 60_000 });

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
    users: [makeUser('alice', 20100), makeUser('bob', null)],
    bindings: [],
    facts: FACTS,
    config: CONFIG,
    now: NOW,
    ...more,
  });

const BOUND = {
  scimId: 'u-alice',
  kind: 'account',
  name: 'alice',
  id: 20100,
  gid: 20100,
  home: '/mnt/home/alice',
  boundAt: NOW,
  closedAt: null,
} as const;

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
      foreignGroups: [{ name: 'alice', gid: 20100 }],
    };
    const { bindings } = plan([makeLine('alice', 20100)], { facts, isLocal: true });
    expect(bindings).toEqual([BOUND]);
    const { refusals, accounts } = desire(
      makeInput({ config: CONFIG, bindings, facts: { ...facts, foreignAccounts: [] } }),
    );
    expect(refusals.filter(({ scimId }) => scimId === 'u-alice')).toEqual([]);
    expect(accounts.find(({ entry }) => entry.name === 'alice')).toMatchObject({
      entry: { uid: 20100, gid: 20100, dir: '/mnt/home/alice' },
      closed: null,
      needsMarker: true,
    });
  });
});

describe('a line is refused', () => {
  const local = { ...FACTS, foreignAccounts: [{ name: 'alice', uid: 20100 }] };
  const staff = { ...FACTS, foreignGroups: [{ name: 'team', gid: 20100 }] };
  test.each<[string, PasswdEntry[], Partial<TakeoverQuestion>, string]>([
    ['for another uid at the store', [makeLine('alice', 20101)], {}, 'uid-differs'],
    [
      'for another home at the store',
      [makeLine('alice', 20100)],
      { users: [makeUser('alice', 20100, { home: '/home/alice' })] },
      'home-differs',
    ],
    [
      'for another gid at the store',
      [makeLine('alice', 20100)],
      {
        users: [makeUser('alice', 20100, { gid: 20999 })],
        config: WITH_GIDS,
      },
      'gid-differs',
    ],
    [
      'for another uid in the ledger',
      [makeLine('alice', 20100)],
      { bindings: [{ ...BOUND, id: 20555 }] },
      'ledger-differs',
    ],
    [
      'for a uid that the ledger gave to somebody else',
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
    ],
    [
      'for a name that two people have',
      [makeLine('alice', 20100)],
      { users: [makeUser('alice', 20100), makeUser('Alice', 20100)] },
      'name-clash',
    ],
    ['for a uid that two lines have', [makeLine('bob', 20300), makeLine('carol', 20300)], {}, 'uid-clash'],
    ['for a system’s uid', [makeLine('bob', 401)], {}, 'uid-reserved'],
    ['for a system’s gid', [makeLine('bob', 20300, { gid: 27 })], {}, 'gid-reserved'],
    [
      'for a name with power on this node',
      [makeLine('deploy', 20300)],
      { users: [makeUser('deploy', null)] },
      'name-powerful',
    ],
  ])('%s', (_, found, more, code) => {
    const { bindings, refused } = plan(found, more);
    expect(bindings).toEqual([]);
    expect(refused).toMatchObject([{ code }]);
  });
});

test('a line that nobody at the store has stays out of the ledger', () => {
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
