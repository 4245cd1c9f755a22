// What of a host is managed, and what is foreign, unbound or published by another program.
import { describe, expect, test } from 'vitest';
import { NO_LINES } from '../../../src/plan/account-lines.ts';
import type { AccountsOnHost, ForeignPublication, HostState } from '../../../src/plan/host-state.ts';
import { readActualState, readNodeFacts } from '../../../src/plan/managed-state.ts';
import { computeDesiredState } from '../../../src/policy/desired-state.ts';
import { NOTHING_IN_USE } from '../../../src/policy/in-use.ts';
import type { Leftover } from '../../../src/policy/model.ts';
import type { GroupEntry } from '../../../src/policy/posix.ts';
import { makeHost, toHostState } from '../../support/records/model-host.ts';
import { CONFIG, makeBinding, makeConfig, makeInput } from '../../support/records/organisation.ts';

const MANAGED_GID = CONFIG.accounts.primary_gid;
const MANAGED = CONFIG.accounts.primary_group;
const OBSERVE = { ...CONFIG, mode: 'observe' } as const;

const makeAccounts = (
  accounts: Record<string, [uid: number, gid: number]>,
  groups: GroupEntry[] = [],
): AccountsOnHost => ({
  accounts: new Map(
    Object.entries(accounts).map(([name, [uid, gid]]) => [
      name,
      { entry: { name, uid, gid, gecos: name, dir: `/srv/${name}`, shell: '/bin/sh' }, expiryDay: null },
    ]),
  ),
  groups: new Map(groups.map((group) => [group.name, group])),
});
const makePublication = (
  accounts: Parameters<typeof makeAccounts>[0],
  groups: GroupEntry[] = [],
  more: Partial<ForeignPublication> = {},
): ForeignPublication => ({
  ...makeAccounts(accounts, groups),
  lines: [],
  odd: NOTHING_IN_USE,
  primaryGids: new Map(),
  listed: [],
  isAfterFiles: true,
  ...more,
});
const makeState = (own: AccountsOnHost, more: Partial<HostState> = {}): HostState => ({
  ...toHostState(makeHost()),
  own,
  ...more,
});
const group = (name: string, gid: number, members: string[] = []): GroupEntry => ({ name, gid, members });
const facts = (state: HostState, bindings: Parameters<typeof readNodeFacts>[1] = []) =>
  readNodeFacts(state, bindings, CONFIG);

describe('what policy knows of a node', () => {
  test('leaves out what the ledger binds under that very id', () => {
    const own = makeAccounts({ alice: [20_100, 9999], local: [500, 500] }, [group('team', 31_000)]);
    const bindings = [makeBinding('alice', 20_100), makeBinding('team', 31_000, { kind: 'group' })];
    expect(facts(makeState(own), bindings)).toMatchObject({
      foreignAccounts: [{ name: 'local', uid: 500 }],
      foreignGroups: [],
      unbound: [],
      published: null,
    });
    const others = [makeBinding('alice', 20_111), makeBinding('team', 31_111, { kind: 'group' })];
    expect(facts(makeState(own), others)).toMatchObject({
      unbound: [{ name: 'alice', uid: 20_100, gid: 9999, dir: '/srv/alice' }],
      foreignGroups: [{ name: 'team', gid: 31_000 }],
    });
  });

  test('names accounts of the managed group by gid and by membership', () => {
    const own = makeAccounts({ byGid: [700, MANAGED_GID], byName: [701, 701], neither: [702, 702] }, [
      group(MANAGED, MANAGED_GID, ['byName']),
    ]);
    const found = facts(makeState(own));
    expect(found.unbound.map(({ name }) => name)).toEqual(['byGid', 'byName']);
    expect(found.foreignAccounts).toEqual([{ name: 'neither', uid: 702 }]);
    expect(found.foreignGroups).toEqual([]);
  });

  test('has the managed group’s name under another gid as foreign', () => {
    expect(facts(makeState(makeAccounts({}, [group(MANAGED, 12)]))).foreignGroups).toEqual([
      group(MANAGED, 12),
    ]);
  });

  describe('beside other files, where this one publishes', () => {
    const others = makeAccounts({ root: [0, 0], daemon: [1, 1] }, [group('root', 0)]);
    const own = makeAccounts({ former: [12_345, 12_345], alice: [20_100, 9999] }, [
      group('former', 12_345, ['former']),
      group(MANAGED, 12),
    ]);

    test('a line outside of the managed group is one that a former publisher had', () => {
      const found = facts(makeState(own, { others }), [makeBinding('alice', 20_100)]);
      expect(found.foreignAccounts).toEqual([
        { name: 'root', uid: 0 },
        { name: 'daemon', uid: 1 },
      ]);
      expect(found.foreignGroups).toEqual([group('root', 0), group(MANAGED, 12)]);
      expect(found.published).toEqual({
        accounts: [{ name: 'former', uid: 12_345, gid: 12_345, dir: '/srv/former', isDecided: false }],
        groups: [group('former', 12_345, ['former'])],
      });
    });

    test('what this node goes on publishing counts before what the former publisher has now', () => {
      const published = makePublication({ former: [1, 1], another: [2, 2] }, [
        group('former', 1),
        group('another', 2),
      ]);
      const found = facts(makeState(own, { others, published }), [makeBinding('alice', 20_100)]);
      expect(found.published?.accounts.map(({ name, uid }) => [name, uid])).toEqual([
        ['former', 12_345],
        ['another', 2],
      ]);
      expect(found.published?.groups.map(({ name, gid }) => [name, gid])).toEqual([
        ['former', 12_345],
        ['another', 2],
      ]);
    });

    test('with nothing of it, and without another publisher, none is named', () => {
      expect(facts(makeState(makeAccounts({}), { others })).published).toBe(null);
      const onlyGroups = makeAccounts({}, [group('former', 12_345)]);
      expect(facts(makeState(onlyGroups, { others })).published).toEqual({
        accounts: [],
        groups: [group('former', 12_345)],
      });
      const empty = makePublication({});
      expect(facts(makeState(makeAccounts({}), { published: empty })).published).toEqual({
        accounts: [],
        groups: [],
      });
    });

    test('a group with the managed gid is no one’s to publish', () => {
      const groups = makeAccounts({}, [group('another', MANAGED_GID)]);
      expect(facts(makeState(groups, { others })).foreignGroups).toContainEqual(
        group('another', MANAGED_GID),
      );
    });
  });

  describe('of lines that no map by name can hold', () => {
    const location = '/etc/passwd:9' as unknown as (typeof NO_LINES)['passwd'][number]['location'];
    const line = (name: string, id: number) => ({ name, id, gid: id, location, resolves: true });
    const lines = {
      ...NO_LINES,
      passwd: [line('local', 500), line('second', 600)],
      group: [
        { ...line('team', 700), members: ['x'] },
        { ...line('odd', 800), members: ['y'] },
      ],
    };

    test('those that the maps have are not named twice', () => {
      const own = makeAccounts({ local: [500, 500] }, [group('team', 700, ['x'])]);
      const found = facts(makeState(own, { lines }));
      expect(found.foreignAccounts).toEqual([
        { name: 'local', uid: 500 },
        { name: 'second', uid: 600 },
      ]);
      expect(found.foreignGroups).toEqual([group('team', 700, ['x']), group('odd', 800, ['y'])]);
    });

    test('another id of a name is another account', () => {
      const own = makeAccounts({ local: [501, 501] }, [group('team', 701)]);
      const found = facts(makeState(own, { lines }));
      expect(found.foreignAccounts.map(({ uid }) => uid)).toEqual([501, 500, 600]);
      expect(found.foreignGroups.map(({ gid }) => gid)).toEqual([701, 700, 800]);
    });

    test('where this node publishes, the other files are what they are compared with', () => {
      const others = makeAccounts({ local: [500, 500] }, [group('team', 700, ['x'])]);
      const found = facts(makeState(makeAccounts({}), { lines, others }));
      expect(found.foreignAccounts.map(({ name }) => name)).toEqual(['local', 'second']);
      expect(found.foreignGroups.map(({ name }) => name)).toEqual(['team', 'odd']);
    });

    test('names in member lists that a former publisher’s account has are not in use', () => {
      const listed = [{ members: ['former', 'stranger', 'held'], location }];
      const own = makeAccounts({ former: [12_345, 12_345] });
      const published = makePublication({ held: [2, 2] });
      const others = makeAccounts({});
      const { inUse } = facts(makeState(own, { lines: { ...NO_LINES, listed }, others, published }));
      expect([...inUse.names.keys()]).toEqual(['stranger']);
    });

    test('what such lines of another publisher have is in use', () => {
      const odd = {
        names: new Map([['short', location]]),
        uids: new Map([[20_101, location]]),
        groups: new Map([['thin', location]]),
        gids: new Map([[32_001, location]]),
      };
      const published = makePublication({ svc: [20_100, 20_100] }, [], { odd });
      expect(facts(makeState(makeAccounts({}), { published })).inUse).toMatchObject(odd);
    });

    test('ids of accounts of the managed group are not in use by another', () => {
      const own = makeAccounts({ stray: [700, MANAGED_GID] });
      const uids = new Map([
        [700, location],
        [701, location],
      ]);
      expect([...facts(makeState(own, { lines: { ...NO_LINES, uids } })).inUse.uids.keys()]).toEqual([701]);
    });
  });
});

describe('the managed part of a host', () => {
  const desired = { ...computeDesiredState(makeInput()), bindings: [], accounts: [], leftovers: [] };
  const leftover = (more: Partial<Leftover>): Leftover => ({
    scimId: 'x',
    kind: 'account',
    name: 'old',
    fate: 'drop',
    ...more,
  });
  const own = makeAccounts({ alice: [20_100, 9999], old: [1, 1], both: [2, 2] }, [
    group('team', 31_000),
    group('old', 3),
    group('both', 4),
    group(MANAGED, MANAGED_GID, ['alice']),
  ]);
  const read = (
    bindings: Parameters<typeof readActualState>[1],
    more: object = {},
    config = CONFIG,
    state = makeState(own),
  ) => {
    const { accounts, groups } = readActualState(state, bindings, { ...desired, ...more }, config);
    return { accounts: [...accounts.keys()].sort(), groups: [...groups.keys()].sort() };
  };

  test('is what the ledger binds, under that very id, and the managed group', () => {
    const bindings = [makeBinding('alice', 20_100), makeBinding('team', 31_000, { kind: 'group' })];
    expect(read(bindings)).toEqual({ accounts: ['alice'], groups: ['sunk-users', 'team'] });
    expect(read([], { bindings })).toEqual({ accounts: ['alice'], groups: ['sunk-users', 'team'] });
    const others = [makeBinding('alice', 20_111), makeBinding('team', 31_111, { kind: 'group' })];
    expect(read(others)).toEqual({ accounts: [], groups: ['sunk-users'] });
  });

  test('keeps accounts and groups of one name apart', () => {
    expect(read([makeBinding('both', 2)])).toEqual({ accounts: ['both'], groups: ['sunk-users'] });
    expect(read([makeBinding('both', 4, { kind: 'group' })])).toEqual({
      accounts: [],
      groups: ['both', 'sunk-users'],
    });
    expect(read([], { leftovers: [leftover({ name: 'both' })] }).groups).toEqual(['sunk-users']);
    expect(read([], { leftovers: [leftover({ name: 'both', kind: 'group' })] }).accounts).toEqual([]);
  });

  test('has the managed group under its gid alone', () => {
    const managedGroup = { ...desired.managedGroup, gid: MANAGED_GID + 1 };
    expect(read([], { managedGroup }).groups).toEqual([]);
  });

  test('has what is to be dropped, and nothing that is left or denied', () => {
    const groupToo = [leftover({}), leftover({ kind: 'group' })];
    expect(read([], { leftovers: groupToo })).toEqual({ accounts: ['old'], groups: ['old', 'sunk-users'] });
    for (const fate of ['leave', 'deny'] as const)
      expect(read([], { leftovers: groupToo.map((one) => ({ ...one, fate })) })).toEqual({
        accounts: [],
        groups: ['sunk-users'],
      });
    const absent = [leftover({ name: 'no-one' }), leftover({ name: 'no-one', kind: 'group' })];
    expect(read([], { leftovers: absent })).toEqual({ accounts: [], groups: ['sunk-users'] });
  });

  test('has a retired account, under its uid, and no other one of the desired state', () => {
    const account = computeDesiredState(makeInput()).accounts[0];
    if (account === undefined) throw new Error('no account is desired');
    const retired = (disabled: 'retired' | null, uid: number) => [
      { ...account, disabled, entry: { ...account.entry, name: 'old', uid } },
    ];
    expect(read([], { accounts: retired('retired', 1) }).accounts).toEqual(['old']);
    expect(read([], { accounts: retired('retired', 7) }).accounts).toEqual([]);
    expect(read([], { accounts: retired(null, 1) }).accounts).toEqual([]);
  });

  test('beside another publisher, in observe, is what that one has; what is here counts first', () => {
    const published = makePublication({ alice: [1, 1], carol: [20_300, 9999] }, [group('far', 32_000)]);
    const state = makeState(own, { published });
    const bindings = [
      makeBinding('alice', 20_100),
      makeBinding('carol', 20_300),
      makeBinding('far', 32_000, { kind: 'group' }),
    ];
    expect(read(bindings, {}, OBSERVE, state)).toEqual({
      accounts: ['alice', 'carol'],
      groups: ['far', 'sunk-users'],
    });
    expect(read(bindings, {}, CONFIG, state)).toEqual({ accounts: ['alice'], groups: ['sunk-users'] });
    expect(read(bindings, {}, OBSERVE).accounts).toEqual(['alice']);
  });
});

test('the managed group is what the configuration says', () => {
  const config = makeConfig(
    'access: { groups: [{ name: a }] }\naccounts: { primary_group: people, primary_gid: 8000 }\n',
  );
  const own = makeAccounts({ stray: [700, 8000] }, [group('people', 8000)]);
  expect(readNodeFacts(makeState(own), [], config)).toMatchObject({
    unbound: [{ name: 'stray' }],
    foreignGroups: [],
  });
});
