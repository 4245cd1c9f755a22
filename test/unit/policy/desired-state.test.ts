// The policy as a whole, by example: who gets what, and what is said about it.
import { describe, expect, it } from 'vitest';
import { renderKeyFile } from '../../../src/policy/keys/key-file.ts';
import { computeDesiredState, type DesiredStateInput } from '../../../src/policy/desired-state.ts';
import type { Binding, StoredUser } from '../../../src/policy/model.ts';
import {
  CONFIG,
  FACTS,
  fakeFingerprint,
  makeBinding,
  makeConfig,
  makeGroup,
  makeInput,
  makePublished,
  makeUser,
  NOW,
} from '../../support/records/organisation.ts';

/** The public key of RFC 8032 section 7.1, test 1: keys of `overrides` are read for real. */
const REAL_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea';
const REAL_FINGERPRINT = 'SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8';

const ACCESS = 'access: { groups: [{ name: slurm-users, id: g-users }] }\n';
const members = (...names: string[]) =>
  makeGroup(
    'users',
    31000,
    names.map((name) => `u-${name}`),
    { name: 'slurm-users' },
  );

const boundGroup = (scimId: string, name: string, id: number, more: Partial<Binding> = {}): Binding => ({
  ...makeBinding(name, id),
  scimId,
  kind: 'group',
  gid: null,
  home: null,
  ...more,
});

const codes = (host: ReturnType<typeof computeDesiredState>) =>
  host.refusals.map(({ scimId, code }) => `${scimId} ${code}`);
const open = (host: ReturnType<typeof computeDesiredState>) =>
  host.accounts.filter(({ disabled: closed }) => closed === null).map(({ entry }) => entry.name);

describe('computeDesiredState', () => {
  it('puts the account of the canary into the managed group, unless it is off or no system account', () => {
    const managed = (uid: number, more = '') =>
      computeDesiredState(
        makeInput({
          config: makeConfig(`${ACCESS}${more}`),
          facts: { ...FACTS, foreignAccounts: [{ name: 'sunk-canary', uid }] },
        }),
      ).managedGroup.members;
    expect(managed(990)).toEqual(['sunk-canary']);
    expect(managed(0)).toEqual([]);
    expect(managed(20_300)).toEqual([]);
    expect(managed(990, 'canary: { every: never }')).toEqual([]);
    expect(managed(990, 'accounts: { backend: nsscache }')).toEqual([]);
  });

  it('makes an account of a member of an access group, with managed group, home, shell and keys that expire', () => {
    const host = computeDesiredState(makeInput());
    expect(host.accounts[0]).toMatchObject({
      scimId: 'u-alice',
      entry: { name: 'alice', uid: 20100, gid: 9999, gecos: 'alice', dir: '/home/alice', shell: '/bin/bash' },
      disabled: null,
      needsManagedGroup: false,
    });
    const expiry = new Date((NOW - 100 + 7 * 86_400) * 1000).toISOString().slice(0, 19).replace(/[-T:]/g, '');
    const base64 = Buffer.from('key of alice').toString('base64');
    expect(renderKeyFile(host.accounts[0]!.credentials, host.expiry)).toBe(
      `expiry-time="${expiry}Z" ssh-ed25519 ${base64} u-alice\n`,
    );
    expect(host.managedGroup).toEqual({ name: 'sunk-users', gid: 9999, members: [] });
    expect(host.groups).toEqual([
      { scimId: 'g-admins', name: 'slurm-admins', gid: 31001, members: ['alice'], sudo: true },
      { scimId: 'g-users', name: 'slurm-users', gid: 31000, members: ['alice', 'bob'], sudo: false },
    ]);
    expect(host.grantsSudo).toBe(true);
    expect(host.bindings.map(({ kind, name, id }) => `${kind} ${name} ${id}`)).toEqual([
      'account alice 20100',
      'account bob 20200',
      'group slurm-admins 31001',
      'group slurm-users 31000',
    ]);
    expect(host.bindings[0]).toEqual(makeBinding('alice', 20100, { boundAt: NOW }));
    expect(host.refusals).toEqual([]);
    expect(host.makesHomes).toBe(true);
  });

  it('writes keys without expiry where keys.max_age is never', () => {
    const config = makeConfig(
      `${ACCESS}accounts: { domains: [example.com], homes: never }\nkeys: { max_age: never }`,
    );
    const host = computeDesiredState(makeInput({ config }));
    expect(host.accounts[0]!.credentials).toMatchObject([{ expiresAt: null }]);
    expect(host.makesHomes).toBe(false);
  });

  it('enables no account while access.groups is empty, and gives strangers nothing at all', () => {
    const empty = computeDesiredState(
      makeInput({ config: makeConfig('accounts: { domains: [example.com] }') }),
    );
    expect(empty).toMatchObject({ accounts: [], bindings: [], refusals: [], groups: [] });
    const host = computeDesiredState(
      makeInput({ users: [makeUser('alice', 20100, { active: false }), makeUser('eve', 20300)] }),
    );
    expect(host.accounts).toEqual([]);
    expect(host.bindings.filter(({ kind }) => kind === 'account')).toEqual([]);
  });

  it.each([
    ['inactive', { users: [makeUser('alice', 20100, { active: false })] }],
    ['absent', { users: [{ ...makeUser('alice', 20100), absent: true }] }],
    ['no-access-group', { users: [makeUser('alice', 20100)], groups: [members('bob')] }],
    ['blocked', { users: [makeUser('alice', 20100)], blocked: ['alice'] }],
  ] as const)('closes a bound account: %s', (reason, more) => {
    const bindings = [makeBinding('alice', 20100)];
    const host = computeDesiredState(makeInput({ ...more, bindings }));
    expect(host.accounts).toMatchObject([
      { disabled: reason, entry: { shell: '/usr/sbin/nologin', dir: '/home/alice' }, credentials: [] },
    ]);
    expect(host.bindings).toContainEqual({ ...bindings[0], disabledAt: NOW });
    expect(host.groups.every((group) => group.members.length === 0 || !group.members.includes('alice'))).toBe(
      true,
    );
  });

  it('keeps the day of disabling, and ends the line after the retention', () => {
    const users = [makeUser('alice', 20100, { active: false })];
    const disabledAt = NOW - 90 * 86_400;
    const kept = computeDesiredState(
      makeInput({ users, bindings: [makeBinding('alice', 20100, { disabledAt: disabledAt + 1 })] }),
    );
    expect(kept.accounts).toHaveLength(1);
    expect(kept.bindings.filter(({ kind }) => kind === 'account')).toEqual([]);
    const over = computeDesiredState(
      makeInput({ users, bindings: [makeBinding('alice', 20100, { disabledAt })] }),
    );
    expect(over.accounts).toEqual([]);
    expect(over.leftovers).toContainEqual({
      scimId: 'u-alice',
      kind: 'account',
      name: 'alice',
      fate: 'remove',
    });
  });

  it('leaves alone what the ledger binds and the state database has no record of, but for what was disabled long ago', () => {
    const bindings = [
      makeBinding('unlisted', 20900),
      makeBinding('old', 20901, { disabledAt: NOW - 90 * 86_400 }),
      makeBinding('recent', 20902, { disabledAt: NOW - 89 * 86_400 }),
      boundGroup('g-unlisted', 'team-unlisted', 32001),
    ];
    expect(computeDesiredState(makeInput({ bindings })).leftovers).toEqual([
      { scimId: 'u-old', kind: 'account', name: 'old', fate: 'remove' },
      { scimId: 'u-recent', kind: 'account', name: 'recent', fate: 'leave' },
      { scimId: 'u-unlisted', kind: 'account', name: 'unlisted', fate: 'leave' },
      { scimId: 'g-unlisted', kind: 'group', name: 'team-unlisted', fate: 'leave' },
    ]);
  });

  it('lets in only the listed where access.users is not empty, and narrows nothing else', () => {
    const config = makeConfig(
      'access: { groups: [{ name: slurm-users, id: g-users }], users: [ALICE@example.com] }\naccounts: { domains: [example.com] }',
    );
    expect(open(computeDesiredState(makeInput({ config })))).toEqual(['alice']);
    const host = computeDesiredState(makeInput({ config, bindings: [makeBinding('bob', 20200)] }));
    expect(host.accounts.find(({ entry }) => entry.name === 'bob')!.disabled).toBe('not-listed-here');
  });

  it('decides a clash of names by meta.created and then by id, and the ledger before both', () => {
    const early = makeUser('x1', 20301, { username: 'Sam@example.com', created: '2020-01-01T00:00:00Z' });
    const late = makeUser('x2', 20302, { username: 'sam@example.com', created: '2021-01-01T00:00:00Z' });
    const groups = [members('x1', 'x2')];
    const fresh = computeDesiredState(makeInput({ users: [late, early], groups }));
    expect(fresh.accounts.map(({ scimId }) => scimId)).toEqual(['u-x1']);
    expect(fresh.refusals).toMatchObject([
      { scimId: 'u-x2', kind: 'User', code: 'name-clash', detail: expect.stringContaining('u-x1') },
    ]);
    const held = computeDesiredState(
      makeInput({ users: [late, early], groups, bindings: [makeBinding('sam', 20302, { scimId: 'u-x2' })] }),
    );
    expect(held.accounts.map(({ scimId }) => scimId)).toEqual(['u-x2']);
    expect(codes(held)).toEqual(['u-x1 name-bound']);
  });

  it('decides alike where the user with precedence may not log in on this node alone', () => {
    const early = makeUser('x1', 20301, { username: 'sam', created: '2020-01-01T00:00:00Z' });
    const late = makeUser('x2', 20302, { username: 'sam', created: '2021-01-01T00:00:00Z' });
    const host = computeDesiredState(
      makeInput({ users: [late, early], groups: [members('x1', 'x2')], blocked: ['u-x1'] }),
    );
    expect(host.accounts).toEqual([]);
    expect(codes(host)).toEqual(['u-x2 name-clash']);
  });

  it('refuses a second uid and a second home, and lets the loser hold nothing', () => {
    const users = [
      makeUser('a', 20300, { created: '2020-01-01T00:00:00Z' }),
      makeUser('b', 20300, { created: '2021-01-01T00:00:00Z', home: '/home/shared' }),
      makeUser('c', 20302, { created: '2022-01-01T00:00:00Z', home: '/home/shared' }),
      makeUser('d', 20303, { created: '2023-01-01T00:00:00Z', home: '/home/a' }),
    ];
    const host = computeDesiredState(makeInput({ users, groups: [members('a', 'b', 'c', 'd')] }));
    expect(open(host)).toEqual(['a', 'c']);
    expect(codes(host)).toEqual(['u-b uid-clash', 'u-d home-clash']);
    const later = computeDesiredState(
      makeInput({ users: [users[3]!], groups: [members('d')], bindings: [makeBinding('a', 20300)] }),
    );
    expect(codes(later)).toContain('u-d home-bound');
  });

  it('shares a home where the template has no %u', () => {
    const config = makeConfig(`${ACCESS}accounts: { domains: [example.com], home: /home/all }`);
    expect(open(computeDesiredState(makeInput({ config })))).toEqual(['alice', 'bob']);
  });

  it.each([
    ['root', 20400, {}, 'name-reserved'],
    ['sunk-users', 20400, {}, 'name-reserved'],
    ['deploy', 20400, {}, 'name-powerful'],
    ['localhero', 20400, {}, 'name-local'],
    ['eve', 20001, {}, 'uid-local'],
    ['eve', 0, {}, 'uid-reserved'],
    ['eve', 5000, {}, 'uid-range'],
    ['eve', null, {}, 'uid-missing'],
    ['eve', 20400, { home: '/etc' }, 'home-prefix'],
    ['eve', 20400, { username: null }, 'name-missing'],
    ['eve', 20400, { username: 'eve@evil.com' }, 'name-domain'],
    ['eve', 20100, {}, 'uid-clash'],
  ])('refuses %s with uid %s, %j: %s; others are not affected', (name, uid, more, code) => {
    const users = [
      makeUser('alice', 20100, { created: '2020-01-01T00:00:00Z' }),
      makeUser('x', uid, { username: name, ...more }),
    ];
    const host = computeDesiredState(makeInput({ users, groups: [members('alice', 'x')] }));
    expect(codes(host)).toEqual([`u-x ${code}`]);
    expect(open(host)).toEqual(['alice']);
    expect(host.bindings.filter(({ kind }) => kind === 'account')).toHaveLength(1);
  });

  it('takes gids from the record where an attribute is configured, never a local or a sudo group’s', () => {
    const config = {
      ...CONFIG,
      scim: { ...CONFIG.scim, attributes: { ...CONFIG.scim.attributes, gid: 'urn:x:gid' } },
    };
    const users = [
      makeUser('a', 20300, { gid: 40000 }),
      makeUser('b', 20301, { gid: 30001 }),
      makeUser('c', 20302, { gid: 31001 }),
      makeUser('d', 20303, { gid: 9999 }),
      makeUser('e', 20304, { gid: 27 }),
      makeUser('f', 20305),
    ];
    const groups = [
      members('a', 'b', 'c', 'd', 'e', 'f'),
      makeGroup('admins', 31001, [], { name: 'slurm-admins' }),
    ];
    const host = computeDesiredState(makeInput({ users, groups, config }));
    expect(open(host)).toEqual(['a', 'd']);
    expect(host.accounts[0]).toMatchObject({ entry: { gid: 40000 }, needsManagedGroup: true });
    expect(host.managedGroup.members).toEqual(['a']);
    expect(codes(host)).toEqual([
      'u-b gid-powerful',
      'u-c gid-powerful',
      'u-e gid-reserved',
      'u-f gid-missing',
    ]);
  });

  it('keeps what is bound, and says where the store differs', () => {
    const alice = makeUser('alice', 20999, { username: 'alicia@example.com', home: '/home/alicia' });
    const host = computeDesiredState(makeInput({ users: [alice], bindings: [makeBinding('alice', 20100)] }));
    expect(host.accounts[0]!.entry).toMatchObject({ name: 'alice', uid: 20100, dir: '/home/alice' });
    expect(codes(host)).toEqual(['u-alice home-kept', 'u-alice rename-kept', 'u-alice uid-kept']);
  });

  it('renames where accounts.rename is apply and the name is free; uid and home stay', () => {
    const config = makeConfig(`${ACCESS}accounts: { domains: [example.com], rename: apply }`);
    const alice = makeUser('alice', 20100, { username: 'alicia@example.com' });
    const bindings = [makeBinding('alice', 20100), makeBinding('bob', 20200)];
    const host = computeDesiredState(makeInput({ config, users: [alice, makeUser('bob', 20200)], bindings }));
    expect(host.accounts[0]!.entry).toMatchObject({ name: 'alicia', uid: 20100, dir: '/home/alice' });
    expect(host.bindings).toContainEqual({ ...bindings[0], name: 'alicia' });
    expect(host.leftovers).toContainEqual({
      scimId: 'u-alice',
      kind: 'account',
      name: 'alice',
      fate: 'remove',
    });
    for (const username of ['bob@example.com', 'root', 'deploy', 'alice+x']) {
      const withUsername = makeUser('alice', 20100, { username });
      const kept = computeDesiredState(
        makeInput({ config, users: [withUsername, makeUser('bob', 20200)], bindings }),
      );
      expect(open(kept)).toEqual(['alice', 'bob']);
      expect(codes(kept)).toEqual(['u-alice rename-kept']);
    }
  });

  it('gives a name that two want by renaming to the one created earlier, and to a newcomer before both', () => {
    const config = makeConfig(`${ACCESS}accounts: { domains: [example.com], rename: apply }`);
    const a = makeUser('a', 20300, { username: 'zoe', created: '2021-01-01T00:00:00Z' });
    const b = makeUser('b', 20301, { username: 'zoe', created: '2020-01-01T00:00:00Z' });
    const bindings = [makeBinding('a', 20300), makeBinding('b', 20301)];
    const host = computeDesiredState(
      makeInput({ config, users: [a, b], groups: [members('a', 'b')], bindings }),
    );
    expect(open(host)).toEqual(['a', 'zoe']);
    expect(codes(host)).toContain('u-a rename-kept');
    const n = makeUser('n', 20302, { username: 'zoe', created: '2025-01-01T00:00:00Z' });
    const groups = [members('a', 'b', 'n')];
    expect(open(computeDesiredState(makeInput({ config, users: [a, b, n], groups, bindings })))).toEqual([
      'a',
      'b',
      'zoe',
    ]);
  });

  it('lets a local account or id win over what is bound: no key is served and no line is touched', () => {
    const facts = {
      ...FACTS,
      foreignAccounts: [
        { name: 'alice', uid: 1500 },
        { name: 'other', uid: 20200 },
      ],
    };
    const bindings = [makeBinding('alice', 20100), makeBinding('bob', 20200)];
    const host = computeDesiredState(makeInput({ facts, bindings }));
    expect(host.accounts).toEqual([]);
    expect(codes(host)).toEqual(['u-alice name-local', 'u-bob uid-local']);
    expect(host.leftovers.map(({ name, fate }) => `${name} ${fate}`)).toEqual(['alice deny', 'bob deny']);
  });

  it.each([
    ['a local group has the primary gid', { gid: 30001 }, {}],
    ['a local account has the uid too', {}, { foreignAccounts: [{ name: 'ops', uid: 20100 }] }],
    ['a local account has the name', { gid: 40000 }, { foreignAccounts: [{ name: 'alice', uid: 1500 }] }],
    [
      'another program publishes another uid',
      {},
      { published: { accounts: [makePublished('alice', 7)], groups: [] } },
    ],
    ['the gid is reserved', { gid: 27 }, {}],
    ['the home is no path', { home: '/home/x\nroot' }, {}],
    ['the name is reserved', { name: 'postgres' }, {}],
    ['sudoers names it', {}, { privilegedNames: new Map([['alice', '/etc/sudoers:1']]) }],
  ])(
    'disables a person without access under the name and uid of the ledger although %s',
    (_, bound, known) => {
      const binding = { ...makeBinding('alice', 20100), ...bound };
      const host = computeDesiredState(
        makeInput({
          facts: { ...FACTS, ...known },
          users: [makeUser('alice', 20100, { active: false })],
          groups: [members('alice')],
          bindings: [binding],
        }),
      );
      expect(host.accounts).toMatchObject([
        { disabled: 'inactive', needsManagedGroup: 'gid' in bound && bound.gid === 30001 },
      ]);
      expect(host.accounts[0]!.entry).toMatchObject({ name: binding.name, uid: 20100 });
      expect(host.leftovers).toEqual([]);
      expect(host.bindings[0]).toEqual({ ...binding, disabledAt: NOW });
    },
  );

  it('never follows a ledger that binds what may never be granted', () => {
    const bindings = [
      makeBinding('alice', 0),
      makeBinding('bob', 20200, { gid: 27 }),
      makeBinding('a:b', 20300, { scimId: 'u-c' }),
      makeBinding('dora', 20400, { home: '/home/x\nroot' }),
      makeBinding('emil', 20500, { gid: 30001 }),
    ];
    const users = [
      ...makeInput().users,
      makeUser('c', 20300),
      makeUser('dora', 20400),
      makeUser('emil', 20500),
    ];
    const host = computeDesiredState(
      makeInput({ users, bindings, groups: [members('alice', 'bob', 'c', 'dora', 'emil')] }),
    );
    expect(host.accounts).toEqual([]);
    expect(codes(host)).toEqual([
      'u-alice ledger-unsafe',
      'u-bob ledger-unsafe',
      'u-c ledger-unsafe',
      'u-dora ledger-unsafe',
      'u-emil gid-local',
    ]);
  });

  it('takes back lines of the managed group that agree when the ledger was lost, and refuses those that do not', () => {
    const unbound = [
      { name: 'alice', uid: 20100, gid: 9999, dir: '/home/alice' },
      { name: 'bob', uid: 20999, gid: 9999, dir: '/home/bob' },
      { name: 'other', uid: 20300, gid: 9999, dir: '/home/other' },
    ];
    const users = [...makeInput().users, makeUser('carol', 20300)];
    const host = computeDesiredState(
      makeInput({ users, groups: [members('alice', 'bob', 'carol')], facts: { ...FACTS, unbound } }),
    );
    expect(open(host)).toEqual(['alice']);
    expect(codes(host)).toEqual(['u-bob marked-differs', 'u-carol marked-differs']);
  });

  it('gives no sudo to a group that only took the name of a sudo group, unless it is pinned', () => {
    const access = (id: string): string =>
      `access: { groups: [{ name: slurm-users, id: g-users }], sudo_groups: [{ name: slurm-admins${id} }] }\naccounts: { domains: [example.com] }\n`;
    const taken = makeGroup('team', 31005, ['u-alice', 'u-bob'], { name: 'slurm-admins' });
    const binding: Binding = {
      ...makeBinding('team-a', 31005),
      kind: 'group',
      scimId: 'g-team',
      gid: null,
      home: null,
    };
    const ask = (id: string) =>
      computeDesiredState(
        makeInput({
          groups: [members('alice', 'bob'), taken],
          bindings: [binding],
          config: makeConfig(access(id)),
        }),
      );
    expect(ask('').groups.filter(({ sudo }) => sudo)).toEqual([]);
    expect(codes(ask(''))).toEqual(['g-team group-rename-no-sudo']);
    expect(ask(', id: g-team').groups.filter(({ sudo }) => sudo)).toMatchObject([{ gid: 31005 }]);
  });

  it('grants no id to which sudoers gives power', () => {
    const AT = (id: number) => new Map([[id, '/etc/sudoers:3']]);
    const facts = { ...FACTS, privilegedUids: AT(20100), privilegedGids: AT(31005) };
    const groups = [members('alice', 'bob'), makeGroup('team', 31005, ['u-bob'], { name: 'team-a' })];
    expect(codes(computeDesiredState(makeInput({ groups, facts })))).toEqual([
      'g-team gid-powerful',
      'u-alice uid-powerful',
    ]);
  });

  it('reports groups within a group that is only wanted by its name', () => {
    const groups = [members('alice'), makeGroup('team', 31005, [], { name: 'team-a', nested: ['g-x'] })];
    expect(codes(computeDesiredState(makeInput({ groups })))).toEqual(['g-team group-nested']);
  });

  it('pins a uid and adds a key by override, also beyond the range but never a reserved or local one', () => {
    const override = (uid: number) =>
      makeConfig(
        `${ACCESS}accounts: { domains: [example.com] }\noverrides: [{ name: alice@example.com, uid: ${uid} }, { id: u-bob, add_key: "${REAL_KEY}" }]`,
      );
    const host = computeDesiredState(makeInput({ config: override(70000) }));
    expect(host.accounts[0]!.entry.uid).toBe(70000);
    expect(host.accounts[1]!.credentials.map(({ fingerprint }) => fingerprint).sort()).toEqual(
      [fakeFingerprint('key of bob'), REAL_FINGERPRINT].sort(),
    );
    expect(codes(computeDesiredState(makeInput({ config: override(60001) })))).toEqual([
      'u-alice uid-reserved',
    ]);
    expect(codes(computeDesiredState(makeInput({ config: override(20001) })))).toEqual(['u-alice uid-local']);
    expect(
      codes(
        computeDesiredState(makeInput({ config: override(20200), bindings: [makeBinding('bob', 20200)] })),
      ),
    ).toEqual(['u-alice uid-bound']);
    const kept = computeDesiredState(
      makeInput({ config: override(70000), bindings: [makeBinding('alice', 20100)] }),
    );
    expect(codes(kept)).toEqual(['u-alice uid-kept']);
  });

  it('blocks a newcomer by a name that is only derived here, and no other user', () => {
    const host = computeDesiredState(makeInput({ blocked: ['alice'] }));
    expect(open(host)).toEqual(['bob']);
    expect(host.bindings.map(({ name }) => name)).not.toContain('alice');
  });

  it('adds an operator’s key also for a user without keys at the store', () => {
    const config = makeConfig(`${ACCESS}accounts: { domains: [example.com] }
overrides: [{ id: u-alice, add_key: "${REAL_KEY}" }]`);
    const host = computeDesiredState(makeInput({ config, users: [makeUser('alice', 20100, { keys: [] })] }));
    expect(host.accounts[0]!.credentials).toMatchObject([{ fingerprint: REAL_FINGERPRINT }]);
  });

  it('refuses a blocked fingerprint', () => {
    const host = computeDesiredState(makeInput({ blocked: [fakeFingerprint('key of alice')] }));
    expect(host.accounts[0]).toMatchObject({ credentials: [], disabled: null });
    expect(codes(host)).toEqual(['u-alice key-blocked']);
  });

  it('leaves a shared key to the newcomer created earlier, and reports both', () => {
    const bob = makeUser('bob', 20200, { keys: ['key of alice', 'own'], created: '2026-02-01T00:00:00Z' });
    const host = computeDesiredState(makeInput({ users: [makeUser('alice', 20100), bob] }));
    expect(host.accounts[1]!.credentials.map(({ fingerprint }) => fingerprint)).toEqual([
      fakeFingerprint('own'),
    ]);
    expect(codes(host)).toEqual(['u-alice key-shared', 'u-bob key-of-another']);
  });

  it('leaves a shared key with a person that an operator blocked, so that it is theirs after the block', () => {
    const key = 'ssh-ed25519 AAAAshared';
    const alice = makeUser('alice', 20100, { keys: [key] });
    const copy = makeUser('bob', 20200, { keys: [key], created: '2026-02-01T00:00:00Z' });
    const bindings = [makeBinding('alice', 20100), makeBinding('bob', 20200)];
    const firstOwners = [{ fingerprint: fakeFingerprint(key), scimId: 'u-alice' }];
    const serve = (blocked: string[], more: Partial<DesiredStateInput>) => {
      const { accounts } = computeDesiredState(
        makeInput({ users: [alice, copy], bindings, blocked, ...more }),
      );
      return accounts.filter(({ credentials }) => credentials.length > 0).map(({ entry }) => entry.name);
    };
    expect(serve(['alice'], { firstOwners })).toEqual([]);
    expect(serve([], { firstOwners })).toEqual(['alice']);
    const older = [alice, { ...copy, record: { ...copy.record, created: '2020-01-01T00:00:00Z' } }];
    expect(serve(['alice'], { firstOwners, users: older })).toEqual([]);
    expect(serve([], { firstOwners, users: older })).toEqual(['alice']);
    // A blocked person who lists the key of another, and never had it here, locks no one out.
    expect(serve(['alice'], {})).toEqual(['bob']);
  });

  it('leaves no shared key to a record without access, no matter which users this node knows', () => {
    const key = 'ssh-ed25519 AAAAshared';
    const alice = makeUser('alice', 20100, { keys: [key] });
    const bob = makeUser('bob', 20200, { keys: [key], created: '2026-02-01T00:00:00Z' });
    const groups = [members('bob')];
    // Alice was in the access group once: one node has her in its ledger, and another, made later, has not.
    for (const bindings of [[], [makeBinding('alice', 20100, { disabledAt: NOW - 10 })]]) {
      for (const user of [alice, { ...alice, absent: true }]) {
        const host = computeDesiredState(makeInput({ users: [user, bob], groups, bindings }));
        const served = host.accounts.filter(({ credentials }) => credentials.length > 0);
        expect(served.map(({ entry }) => entry.name)).toEqual(['bob']);
        expect(codes(host)).toEqual(user.absent ? [] : ['u-bob key-shared']);
      }
    }
  });

  it('leaves names, uids and homes to newcomers who may log in, whatever dormant records claim', () => {
    const dormant = { created: '2020-01-01T00:00:00Z', active: false };
    const users = [
      makeUser('alice', 20100),
      makeUser('x', 20100, dormant),
      makeUser('y', 20300, { ...dormant, username: 'alice' }),
      makeUser('z', 20400, { ...dormant, home: '/home/alice' }),
    ];
    const groups = [members('alice', 'x', 'y', 'z')];
    const host = computeDesiredState(makeInput({ users, groups }));
    expect(open(host)).toEqual(['alice']);
    expect(codes(host)).toEqual([]);
  });

  it('reads no keys of unknown people, unless a managed account is among them', () => {
    // As long as the shortest sound blob, an Ed25519 key's.
    const bobs = 'AAAAbob'.padEnd(68, 'A');
    const known = makeUser('bob', 20200, { keys: [`ssh-ed25519 ${bobs}`] });
    const others = ['carol', 'dora'].map((name, n) =>
      makeUser(name, 20300 + n, { keys: [`ssh-ed25519 AAAA${name}`, 'bad key', `${bobs}by`] }),
    );
    const copycat = makeUser('eve', 20400, {
      keys: ['ssh-ed25519 AAAAeve', `first\nssh-ed25519 ${bobs} her laptop`],
    });
    const read: string[] = [];
    // As the state database has them: the keys of a record are parsed when its readings are first asked for.
    const lazily = ({ readings, ...user }: StoredUser): StoredUser => ({
      ...user,
      get readings() {
        read.push(...user.record.keys);
        return readings;
      },
    });
    computeDesiredState(
      makeInput({ users: [known, ...others, copycat].map(lazily), groups: [members('bob')] }),
    );
    expect(read).toEqual([`ssh-ed25519 ${bobs}`, ...copycat.record.keys]);
  });

  it('reports a key that cannot be read, and serves the others', () => {
    const alice = makeUser('alice', 20100, { keys: ['bad', 'good'] });
    const host = computeDesiredState(makeInput({ users: [alice] }));
    expect(host.accounts[0]!.credentials).toHaveLength(1);
    expect(codes(host)).toEqual(['u-alice key-base64']);
  });

  it('uses the default shell where the record’s is not in /etc/shells, and says so', () => {
    const users = [
      makeUser('alice', 20100, { shell: '/bin/evil' }),
      makeUser('bob', 20200, { shell: '/bin/zsh' }),
    ];
    const host = computeDesiredState(makeInput({ users }));
    expect(host.accounts.map(({ entry }) => entry.shell)).toEqual(['/bin/bash', '/bin/zsh']);
    expect(codes(host)).toEqual(['u-alice shell-refused']);
  });

  it('removes sudo from every user once the last complete fetch is a day old', () => {
    for (const completeAt of [null, NOW - 86_401])
      expect(computeDesiredState(makeInput({ completeAt })).grantsSudo).toBe(false);
    expect(computeDesiredState(makeInput({ completeAt: NOW - 86_400 })).grantsSudo).toBe(true);
  });

  it('names accounts that another program resolves here and that the store enables for no user', () => {
    const accounts = [
      makePublished('alice', 20100),
      makePublished('bob', 20200),
      makePublished('stranger', 20300),
      { ...makePublished('kept', 20400), isDecided: true },
    ];
    const facts = { ...FACTS, published: { accounts, groups: [] } };
    const users = [
      makeUser('alice', 20100),
      // Closed, and so without an account; the name is known all the same.
      makeUser('bob', 20200, { active: false }),
    ];
    const refused = computeDesiredState(makeInput({ facts, users })).refusals.filter(
      ({ scimId }) => scimId === '',
    );
    expect(refused).toMatchObject([
      {
        kind: 'User',
        code: 'published-unknown',
        detail: expect.stringContaining('stranger with the uid 20300'),
      },
    ]);
    expect(codes(computeDesiredState(makeInput({ users })))).toEqual([]);
  });

  it('never disables unknown lines of the managed group; their keys go once the store was read whole', () => {
    const marked = ['alice', 'unknown'].map((name, n) => ({
      name,
      uid: 20100 + n,
      gid: 9999,
      dir: `/home/${name}`,
    }));
    const input = { facts: { ...FACTS, unbound: marked }, bindings: [makeBinding('alice', 20100)] };
    const fates = (isWhole: boolean) =>
      computeDesiredState(makeInput({ ...input, isComplete: isWhole })).leftovers;
    const line = { scimId: 'unknown:unknown', kind: 'account', name: 'unknown' };
    expect(fates(true)).toEqual([{ ...line, fate: 'deny' }]);
    expect(fates(false)).toEqual([{ ...line, fate: 'leave' }]);
  });

  it('passes on whether there is a hook', () => {
    const config = makeConfig(`${ACCESS}offboarding: { hook: /usr/local/sbin/bye }`);
    expect(computeDesiredState(makeInput({ config })).hasHook).toBe(true);
    expect(computeDesiredState(makeInput()).hasHook).toBe(false);
  });

  it.each([
    ['gid', { name: 'theirs', gid: 9999, members: [] }],
    ['name', { name: 'sunk-users', gid: 30002, members: [] }],
  ])(
    'enables no account while the %s of the managed group is a local group’s, and goes on disabling',
    (_, group) => {
      const facts = { ...FACTS, foreignGroups: [...FACTS.foreignGroups, group] };
      const users = [makeUser('alice', 20100), makeUser('bob', 20200, { active: false })];
      const host = computeDesiredState(
        makeInput({ facts, users, bindings: [makeBinding('alice', 20100), makeBinding('bob', 20200)] }),
      );
      expect(codes(host)).toEqual([' marker-taken']);
      expect(host.accounts).toMatchObject([{ scimId: 'u-bob', disabled: 'inactive' }]);
      expect(host.leftovers).toEqual([{ scimId: 'u-alice', kind: 'account', name: 'alice', fate: 'leave' }]);
      expect(open(host)).toEqual([]);
      expect(host.grantsSudo).toBe(false);
    },
  );
});

describe('Unix groups', () => {
  const groupCodes = (...groups: ReturnType<typeof makeGroup>[]) =>
    codes(computeDesiredState(makeInput({ groups: [members('alice', 'bob'), ...groups] })));
  const groupNames = (...groups: ReturnType<typeof makeGroup>[]) =>
    computeDesiredState(makeInput({ groups: [members('alice', 'bob'), ...groups] })).groups.map(
      ({ name }) => name,
    );

  it('are the access and sudo groups and those that match a pattern', () => {
    expect(groupNames(makeGroup('team-a', 32000, ['u-bob']), makeGroup('other', 32001, ['u-bob']))).toEqual([
      'slurm-users',
      'team-a',
    ]);
  });

  it.each([
    ['a gid of the system', makeGroup('team-a', 27, []), 'gid-reserved'],
    ['no gid', makeGroup('team-a', null, []), 'gid-missing'],
    ['a local gid', makeGroup('team-a', 30001, []), 'gid-taken'],
    ['the gid of the managed group', makeGroup('team-a', 9999, []), 'gid-range'],
    ['a privileged name', makeGroup('team-power', 32000, []), 'group-reserved'],
    ['characters outside ASCII', makeGroup('team-é', 32000, []), 'name-characters'],
  ])('refuse %s', (_, group, code) => {
    expect(groupCodes(group)).toEqual([`${group.record.id} ${code}`]);
    expect(groupNames(group)).toEqual(['slurm-users']);
  });

  it('refuse all that come out alike, but not the one that access names', () => {
    const a = makeGroup('a', 32000, [], { name: 'team-A' });
    const b = makeGroup('b', 32001, [], { name: 'team-a' });
    expect(groupCodes(a, b)).toEqual(['g-a group-name-clash', 'g-b group-name-clash']);
    const config = makeConfig(`${ACCESS}accounts: { domains: [example.com], groups: ["*"] }`);
    const rival = makeGroup('rival', 32002, ['u-eve'], { name: 'Slurm-Users' });
    const host = computeDesiredState(makeInput({ config, groups: [members('alice', 'bob'), rival] }));
    expect(host.groups.map(({ scimId }) => scimId)).toEqual(['g-users']);
    expect(codes(host)).toEqual(['g-rival group-name-clash']);
  });

  it('leave a gid that two want to the one created earlier', () => {
    const a = makeGroup('team-a', 32000, [], { created: '2026-03-01T00:00:00Z' });
    const b = makeGroup('team-b', 32000, []);
    expect(groupNames(a, b)).toEqual(['slurm-users', 'team-b']);
    expect(groupCodes(a, b)).toEqual(['g-team-a gid-clash']);
  });

  it('keep name and gid once bound, and end when they are no longer wanted', () => {
    const bindings = [boundGroup('g-team-a', 'team-old', 32005), boundGroup('g-plain', 'plain', 32006)];
    const groups = [members('alice'), makeGroup('team-a', 32000, ['u-alice']), makeGroup('plain', 32006, [])];
    const host = computeDesiredState(makeInput({ groups, bindings }));
    expect(host.groups[1]).toEqual({
      scimId: 'g-team-a',
      name: 'team-old',
      gid: 32005,
      members: ['alice'],
      sudo: false,
    });
    expect(codes(host)).toEqual(['g-team-a group-rename-kept']);
    expect(host.leftovers).toEqual([{ scimId: 'g-plain', kind: 'group', name: 'plain', fate: 'remove' }]);
    expect(host.bindings).toContainEqual({ ...bindings[1], disabledAt: NOW });
    const back = computeDesiredState(makeInput({ groups, bindings: [{ ...bindings[0]!, disabledAt: 5 }] }));
    expect(back.bindings).toContainEqual(bindings[0]);
  });

  it('never take a name or gid that is bound to another group', () => {
    const bindings = [boundGroup('g-old', 'team-a', 32000)];
    const same = (gid: number, name: string) =>
      codes(
        computeDesiredState(makeInput({ groups: [members('alice'), makeGroup(name, gid, [])], bindings })),
      );
    expect(same(32001, 'team-a')).toEqual(['g-team-a group-name-bound']);
    expect(same(32000, 'team-b')).toEqual(['g-team-b gid-taken']);
  });

  it('yield to local groups even when bound, and to the managed group', () => {
    const check = (name: string, gid: number) => {
      const groups = [members('alice'), makeGroup('team-a', 32000, [])];
      return computeDesiredState(makeInput({ groups, bindings: [boundGroup('g-team-a', name, gid)] }));
    };
    expect(codes(check('localteam', 32000))).toContain('g-team-a group-local');
    expect(codes(check('team-a', 30001))).toContain('g-team-a group-local');
    expect(codes(check('sunk-users', 32000))).toContain('g-team-a group-marker');
    expect(codes(check('team-a', 9999))).toContain('g-team-a group-marker');
    expect(codes(check('team-a', 27))).toContain('g-team-a group-unsafe');
    expect(codes(check('te:am', 32000))).toContain('g-team-a group-unsafe');
    expect(check('localteam', 32000).leftovers).toMatchObject([{ fate: 'deny' }]);
  });

  it('believe the operator who pinned a group that has power by its name, but not a mere name', () => {
    const facts = { ...FACTS, privilegedGroups: new Map([['slurm-users', '/etc/sudoers:3']]) };
    expect(computeDesiredState(makeInput({ facts })).groups.map(({ name }) => name)).toContain('slurm-users');
    const config = makeConfig(
      'access: { groups: [{ name: slurm-users }] }\naccounts: { domains: [example.com] }',
    );
    const host = computeDesiredState(makeInput({ facts, config }));
    expect(codes(host)).toEqual(['g-users group-reserved']);
    expect(open(host)).toEqual(['alice', 'bob']);
    const renamed = makeGroup('users', 31000, ['u-alice'], { name: 'team-power' });
    expect(codes(computeDesiredState(makeInput({ groups: [renamed] })))).toEqual(['g-users group-reserved']);
  });

  it('give no sudo by a gid that is the primary group of a user', () => {
    const bindings = [makeBinding('alice', 20100, { gid: 31001 })];
    const host = computeDesiredState(makeInput({ bindings }));
    expect(codes(host)).toContain('g-admins gid-primary');
    expect(host.groups.filter(({ sudo }) => sudo)).toEqual([]);
  });

  it('derive gids as they derive uids', () => {
    const config = makeConfig(
      `${ACCESS}accounts: { domains: [example.com], ids: derived, id_range: [20000, 29999] }`,
    );
    const host = computeDesiredState(
      makeInput({ config, users: [makeUser('alice', null)], groups: [members('alice')] }),
    );
    expect(host.accounts[0]!.entry.uid).toBeGreaterThanOrEqual(20000);
    expect(host.groups[0]!.gid).not.toBe(31000);
    expect(host.refusals).toEqual([]);
  });
});
