import { describe, expect, test } from 'vitest';
import { makePersonalGroups } from '../../../../src/policy/groups/personal-groups.ts';
import { computeDesiredState } from '../../../../src/policy/desired-state.ts';
import { checkServices } from '../../../../src/policy/name-services.ts';
import type { Binding, DesiredAccount, DesiredGroup } from '../../../../src/policy/model.ts';
import { CONFIG, FACTS, makeBinding, makeInput, NOW } from '../../../support/records/organisation.ts';

const account = (name: string, gid: number): DesiredAccount => ({
  scimId: `u-${name}`,
  entry: { name, uid: 20_000, gid, gecos: '', dir: `/home/${name}`, shell: '/bin/bash' },
  disabled: null,
  credentials: [],
  extension: null,
  needsManagedGroup: true,
});
const group = (name: string, gid: number): DesiredGroup => ({
  scimId: `g-${name}`,
  name,
  gid,
  members: [],
  sudo: false,
});
const make = (
  accounts: readonly DesiredAccount[],
  more: Partial<Parameters<typeof makePersonalGroups>[0]> = {},
) =>
  makePersonalGroups({
    accounts,
    groups: [],
    bindings: new Map(),
    facts: FACTS,
    config: CONFIG,
    services: checkServices({ services: [], answers: null }, []),
    now: NOW,
    ...more,
  });
const names = (...question: Parameters<typeof make>) =>
  make(...question).groups.map(({ name, gid }) => `${name} ${gid}`);

describe('a primary gid that no group has', () => {
  test('gets a group with the name of the account, without members', () => {
    const { groups, bindings, grants } = make([account('alice', 10_000)]);
    expect(groups).toEqual([{ scimId: 'u-alice', name: 'alice', gid: 10_000, members: [], sudo: false }]);
    expect(bindings).toMatchObject([{ kind: 'group', scimId: 'u-alice', name: 'alice', id: 10_000 }]);
    expect(grants).toEqual([{ group: 'alice', gid: 10_000 }]);
  });

  test('keeps the name under which another program publishes it', () => {
    const published = { accounts: [], groups: [{ name: 'oldteam', gid: 10_000, members: [] }] };
    expect(names([account('alice', 10_000)], { facts: { ...FACTS, published } })).toEqual(['oldteam 10000']);
  });

  test('keeps the name that the ledger has', () => {
    const binding: Binding = { ...makeBinding('old', 10_000, { scimId: 'u-alice' }), kind: 'group' };
    const bindings = new Map([['u-alice', binding]]);
    expect(names([account('alice', 10_000)], { bindings })).toEqual(['old 10000']);
    expect(make([account('alice', 10_000)], { bindings }).bindings).toEqual([]);
  });

  test('gets one for all who have it', () => {
    expect(names([account('alice', 10_000), account('bob', 10_000)])).toEqual(['alice 10000']);
  });

  test.each<[string, DesiredAccount, Parameters<typeof make>[1]]>([
    ['is the managed one', account('alice', 9999), {}],
    ['is a group of the store', account('alice', 31_000), { groups: [group('team', 31_000)] }],
    ['is a local group', account('alice', 30_001), {}],
    ['is reserved', account('alice', 27), {}],
    ['would have the name of a local group', account('localteam', 10_000), {}],
    [
      'would have the name of a group of the store',
      account('team', 10_000),
      { groups: [group('team', 31_000)] },
    ],
    ['would have a name that means power', account('team-power', 10_000), {}],
    ['would have the name of the managed group', account('sunk-users', 10_000), {}],
    [
      'has a name that a group on this node lists',
      account('alice', 10_000),
      { facts: { ...FACTS, inUse: { ...FACTS.inUse, groups: new Map([['alice', '/etc/group:3']]) } } },
    ],
  ])('gets none where it %s', (_, one, more) => {
    expect(names([one], more)).toEqual([]);
  });
});

test('its group goes when no account has the gid any more, and stays while one has it', () => {
  const bindings: Binding[] = [
    makeBinding('alice', 20_100, { gid: 10_000 }),
    { ...makeBinding('alice', 10_000), kind: 'group', gid: null, home: null },
  ];
  const desired = computeDesiredState(makeInput({ bindings }));
  expect(desired.groups.map(({ name }) => name)).toContain('alice');
  expect(desired.leftovers).toEqual([]);
  const moved = computeDesiredState(makeInput({ bindings: bindings.with(0, makeBinding('alice', 20_100)) }));
  expect(moved.leftovers).toMatchObject([{ kind: 'group', name: 'alice', fate: 'remove' }]);
});

describe('no group is made for a primary gid', () => {
  test.each(['docker', 'Anna:Smith', 'systemd-x'])('under a name that is none to grant: %s', (name) => {
    expect(names([account(name, 10_000)])).toEqual([]);
  });

  test('under a name that is taken in another case, which sudo takes for the same', () => {
    const facts = { ...FACTS, foreignGroups: [{ name: 'anna', gid: 5, members: [] }] };
    expect(names([account('Anna', 10_000)], { facts })).toEqual([]);
    expect(names([account('Anna', 10_000)])).toEqual(['Anna 10000']);
    const bound = makeBinding('Anna', 20_900, { kind: 'group', scimId: 'g-other' });
    expect(names([account('Anna', 10_000)], { bindings: new Map([['g-other', bound]]) })).toEqual([]);
  });

  test('while a name service was not asked, and where the ledger has a group under that SCIM id', () => {
    const services = checkServices({ services: ['ldap'], answers: null }, []);
    const waiting = make([account('alice', 10_000)], { services });
    expect([waiting.groups, waiting.bindings]).toEqual([[], []]);
    expect(waiting.grants).toEqual([{ group: 'alice', gid: 10_000 }]);
    const other = makeBinding('crew', 20_900, { kind: 'group', scimId: 'u-alice' });
    const { groups, bindings } = make([account('alice', 10_000)], {
      bindings: new Map([['u-alice', other]]),
    });
    expect([groups, bindings]).toEqual([[], []]);
  });

  test('by a publisher, where a former publisher has one', () => {
    const published = { accounts: [], groups: [{ name: 'oldteam', gid: 10_000, members: [] }] };
    const config = { ...CONFIG, accounts: { ...CONFIG.accounts, backend: 'nsscache' as const } };
    expect(names([account('alice', 10_000)], { config, facts: { ...FACTS, published } })).toEqual([]);
  });
});
