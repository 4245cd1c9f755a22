// Why a group of the store does not become a Unix group here: an operator acts on these sentences.
import { describe, expect, it } from 'vitest';
import { computeDesiredState, type DesiredStateInput } from '../../../../src/policy/desired-state.ts';
import type { DesiredState, StoredGroup } from '../../../../src/policy/model.ts';
import { NOTHING_IN_USE } from '../../../../src/policy/in-use.ts';
import {
  FACTS,
  makeBinding,
  makeConfig,
  makeGroup,
  makeInput,
} from '../../../support/records/organisation.ts';

const users = makeGroup('users', 31000, ['u-alice', 'u-bob'], { name: 'slurm-users' });
const YAML = `
access: { groups: [{ name: slurm-users, id: g-users }], sudo_groups: [{ name: slurm-admins, id: g-admins }] }
accounts: { domains: [example.com], groups: ["team-*", sunk-users] }
`;
const bound = (scimId: string, name: string, id: number) =>
  makeBinding(name, id, { kind: 'group', scimId, gid: null, home: null });

const decide = (groups: readonly StoredGroup[], more: Partial<DesiredStateInput> = {}): DesiredState =>
  computeDesiredState(makeInput({ config: makeConfig(YAML), groups: [users, ...groups], ...more }));
const team = makeGroup('team-a', 32000, []);
/** `CODE: DETAIL` of what is refused of team-a. */
const refusals = (more: Partial<DesiredStateInput> = {}, one = team): string[] =>
  decide([one], more)
    .refusals.filter(({ scimId }) => scimId === one.record.id)
    .map(({ code, detail }) => `${code}: ${detail}`);
const facts = (more: Partial<typeof FACTS>) => ({ facts: { ...FACTS, ...more } });
const inUse = (more: Partial<typeof NOTHING_IN_USE>) => ({ ...NOTHING_IN_USE, ...more });
const local = (name: string, gid: number) => ({ name, gid, members: [] });

describe('a new group is refused', () => {
  it.each<[string, Partial<DesiredStateInput>]>([
    [
      'group-reserved: the name team-a means power on this node (/etc/sudoers:6); it is never granted',
      facts({ privilegedGroups: new Map([['team-a', '/etc/sudoers:6']]) }),
    ],
    [
      'group-local: a local group is called team-a; local ones win',
      facts({ foreignGroups: [local('team-a', 1)] }),
    ],
    [
      'group-local: a local group is called team-a (/etc/group:9); local ones win',
      facts({
        foreignGroups: [local('team-a', 1)],
        inUse: inUse({ groups: new Map([['team-a', '/etc/group:9']]) }),
      }),
    ],
    [
      'group-in-use: the name team-a is in use on this node (/etc/gshadow:9); it is never granted',
      facts({ inUse: inUse({ groups: new Map([['team-a', '/etc/gshadow:9']]) }) }),
    ],
    [
      'group-name-bound: the name team-a belongs to another SCIM group, g-old',
      { bindings: [bound('g-old', 'team-a', 32999)] },
    ],
    [
      'group-published-differs: this node resolves team-a with the gid 32111: a gid is never changed',
      facts({ published: { accounts: [], groups: [local('team-a', 32111)] } }),
    ],
    [
      'group-published-differs: this node resolves other with the gid 32000: a gid is never changed',
      facts({ published: { accounts: [], groups: [local('other', 32000)] } }),
    ],
    [
      'gid-powerful: the gid 32000 has power on this node (/etc/sudoers:7): it is never granted',
      facts({ privilegedGids: new Map([[32000, '/etc/sudoers:7']]) }),
    ],
    ['gid-taken: the gid 32000 belongs to another group', { bindings: [bound('g-old', 'team-old', 32000)] }],
    [
      'gid-taken: the gid 32000 belongs to another group (/etc/group:8)',
      facts({
        foreignGroups: [local('theirs', 32000)],
        inUse: inUse({ gids: new Map([[32000, '/etc/group:8']]) }),
      }),
    ],
    [
      'gid-in-use: the gid 32000 is in use on this node (/etc/subgid:1): it is never granted',
      facts({ inUse: inUse({ gidRanges: [{ low: 31999, high: 32001, location: '/etc/subgid:1' }] }) }),
    ],
    [
      'gid-taken: the gid 32000 belongs to another group',
      { former: [{ kind: 'group', from: 'g-1', to: 'g-2', name: 'team-x', id: 32000 }] },
    ],
  ])('%s', (expected, more) => expect(refusals(more)).toEqual([expected]));

  it('not for a former uid, which is no gid', () => {
    expect(refusals({ former: [{ kind: 'account', from: 'u-1', to: 'u-2', name: 'x', id: 32000 }] })).toEqual(
      [],
    );
  });

  it('not for what another program publishes just so', () => {
    const published = { accounts: [], groups: [local('team-a', 32000)] };
    expect(refusals(facts({ published }))).toEqual([]);
  });

  it('with the name or the gid of the managed group, also by an override', () => {
    const managed = makeGroup('managed', 32000, [], { name: 'sunk-users' });
    expect(refusals({}, managed)).toEqual([
      'group-reserved: the name sunk-users means power on this node; it is never granted',
    ]);
    const config = makeConfig(`${YAML}overrides: [{ group: g-team-a, gid: 9999 }]`);
    expect(refusals({ config })).toEqual(['gid-taken: the gid 9999 belongs to another group']);
  });

  it('whose name several have, or whose gid an earlier one got', () => {
    const other = makeGroup('b', 32001, [], { name: 'team-A' });
    expect(refusals({ groups: [users, team, other] })).toEqual([
      'group-name-clash: several groups come out as team-a: rename one at the store',
    ]);
    const earlier = makeGroup('team-b', 32000, [], { created: '2020-01-01T00:00:00Z' });
    expect(refusals({ groups: [users, team, earlier] })).toEqual([
      'gid-clash: the gid 32000 goes to the group g-team-b, created earlier',
    ]);
  });

  it('as a sudo group, where its gid is the primary one of an account', () => {
    const admins = makeGroup('admins', 31001, [], { name: 'slurm-admins' });
    const bindings = [makeBinding('alice', 20100, { gid: 31001 })];
    expect(refusals({ bindings, groups: [users, admins] }, admins)).toEqual([
      'gid-primary: the gid 31001 is the primary group of an account already; sudo goes by gid',
    ]);
    // Without sudo the gid of an account is one like any other.
    expect(refusals({ bindings: [makeBinding('alice', 20100, { gid: 32000 })] })).toEqual([]);
  });

  it('until the name services answered', () => {
    const nameServices = { services: ['ldap'], answers: null };
    const config = makeConfig(`${YAML}nss: { must_resolve: [] }`);
    const host = decide([team], { config, nameServices });
    expect(host.groups.map(({ name }) => name)).toEqual([]);
    expect(host.questions.groups).toContain('team-a');
    expect(host.questions.gids).toContain(32000);
    expect(host.refusals.find(({ scimId }) => scimId === 'g-team-a')?.code).toMatch(/^nss-/);
  });
});

describe('an operator pins a gid', () => {
  it('also beyond the range, for that group alone', () => {
    const wide = makeConfig(
      `${YAML}overrides: [{ group: g-team-a, gid: 1999999 }, { id: u-alice, uid: 20500 }]`,
    );
    const { groups } = decide([team, makeGroup('team-b', 32001, [])], { config: wide });
    expect(groups.map(({ name, gid }) => [name, gid])).toEqual([
      ['slurm-users', 31000],
      ['team-a', 1999999],
      ['team-b', 32001],
    ]);
  });
});

describe('a bound group', () => {
  const check = (name: string, id: number): string[] => refusals({ bindings: [bound('g-team-a', name, id)] });

  it.each([
    ['te:am', 32000, 'group-unsafe: the ledger binds it to a name or gid (32000) that is never granted'],
    [
      'localteam',
      32000,
      'group-local: a local group has its name localteam or its gid 32000; local ones win',
    ],
    ['sunk-users', 32000, 'group-marker: the managed group (accounts.primary_group) has its name or gid'],
  ])('called %s is refused here', (name, id, expected) => expect(check(name, id)).toEqual([expected]));

  it('keeps its name, and says so', () => {
    expect(check('team-old', 32000)).toEqual([
      'group-rename-kept: has another name at the store now; the node keeps team-old',
    ]);
    expect(check('team-a', 32000)).toEqual([]);
  });

  it('keeps its name where the store’s is none any more', () => {
    const odd = makeGroup('team-a', 32000, [], { name: 'team-é' });
    expect(refusals({ bindings: [bound('g-team-a', 'team-a', 32000)] }, odd)).toEqual([
      'group-rename-kept: has another name at the store now; the node keeps team-a',
    ]);
  });

  it('that took the name of a sudo group gives none, unless its id is pinned among others', () => {
    const admins = makeGroup('admins', 31001, ['u-alice'], { name: 'slurm-admins' });
    const bindings = [bound('g-admins', 'team-x', 31001)];
    const yaml = (list: string) =>
      makeConfig(`access: { groups: [{ name: slurm-users, id: g-users }], sudo_groups: [${list}] }
accounts: { domains: [example.com] }
`);
    const byName = { bindings, groups: [users, admins], config: yaml('{ name: slurm-admins }') };
    expect(refusals(byName, admins)).toEqual([
      'group-rename-no-sudo: had another name before, so it gives no sudo: pin its id in access.sudo_groups if it is meant',
    ]);
    expect(decide([], byName).groups.some(({ sudo }) => sudo)).toBe(false);
    const pinned = { ...byName, config: yaml('{ name: other }, { name: slurm-admins, id: g-admins }') };
    expect(
      decide([], pinned)
        .groups.filter(({ sudo }) => sudo)
        .map(({ name }) => name),
    ).toEqual(['team-x']);
  });
});

describe('a group of a name that the ledger binds to a lost one', () => {
  const lost = { ...makeGroup('old', 32000, ['u-alice'], { name: 'team-a' }), absent: true };
  const again = makeGroup('new', 32005, ['u-alice'], { name: 'team-a' });

  it('stands in for it, unless that one was disabled before', () => {
    const bindings = [bound('g-old', 'team-a', 32000)];
    expect(decide([lost, again], { bindings }).groups.map(({ scimId }) => scimId)).toContain('g-old');
    const disabled = [{ ...bound('g-old', 'team-a', 32000), disabledAt: 5 }];
    const host = decide([lost, again], { bindings: disabled });
    expect(host.groups.map(({ scimId }) => scimId)).not.toContain('g-old');
  });

  it('and two of them stand in once', () => {
    const third = makeGroup('third', 32006, ['u-alice'], { name: 'team-a' });
    const other = { ...makeGroup('old2', 32001, ['u-bob'], { name: 'team-b' }), absent: true };
    const otherAgain = makeGroup('new2', 32007, ['u-bob'], { name: 'team-b' });
    const bindings = [bound('g-old', 'team-a', 32000), bound('g-old2', 'team-b', 32001)];
    const { groups } = decide([lost, again, third, other, otherAgain], { bindings });
    expect(groups.map(({ name, gid, members }) => [name, gid, members])).toEqual([
      ['slurm-users', 31000, ['alice', 'bob']],
      ['team-a', 32000, ['alice']],
      ['team-b', 32001, ['bob']],
    ]);
  });
});

describe('groups within a group', () => {
  it('are reported once, also of a group that access names', () => {
    const nested = { ...users, record: { ...users.record, nested: ['g-x'] } };
    const count = (groups: StoredGroup[]) =>
      decide([], { groups }).refusals.filter(({ code }) => code === 'group-nested').length;
    expect(count([nested])).toBe(1);
    expect(count([users, makeGroup('team-a', 32000, [], { nested: ['g-x'] })])).toBe(1);
  });
});

describe('the managed group', () => {
  it('belongs to this node: the sentence says what follows', () => {
    const host = decide([], facts({ foreignGroups: [local('sunk-users', 1)] }));
    expect(host.refusals).toContainEqual({
      scimId: '',
      kind: 'Group',
      code: 'marker-taken',
      detail:
        'a local group has the name or gid of accounts.primary_group: no access is granted until one of them changes',
    });
  });

  it('lists the canary in the order of names, and no account of a user’s uid', () => {
    const config = makeConfig(`${YAML}canary: { every: 5m }`);
    const users2 = makeInput().users;
    const bindings = [makeBinding('zoe', 20900, { gid: 20900, scimId: 'u-alice' })];
    const host = (uid: number) =>
      decide([], {
        config,
        users: users2,
        bindings,
        ...facts({
          foreignAccounts: [
            { name: 'root', uid: 0 },
            { name: 'sunk-canary', uid },
          ],
        }),
      }).managedGroup.members;
    expect(host(999)).toEqual(['sunk-canary', 'zoe']);
    expect(host(1000)).toEqual(['zoe']);
    expect(host(0)).toEqual(['zoe']);
  });
});
