// An exported ledger into a node that lost its own: what is bound again, and what is refused and why.
import { describe, expect, it } from 'vitest';
import type { Binding, NodeFacts } from '../../../../src/policy/model.ts';
import { planRestore } from '../../../../src/policy/ledger/restore-ledger.ts';
import { CONFIG, FACTS, makeBinding } from '../../../support/records/organisation.ts';

const alice = makeBinding('alice', 21_001);
const team = makeBinding('team', 31_001, { kind: 'group', scimId: 'g-team', gid: null, home: null });

function restore(
  exported: readonly Binding[],
  more: { readonly bindings?: readonly Binding[]; readonly facts?: Partial<NodeFacts> } = {},
) {
  const { bindings = [], facts = {} } = more;
  const plan = planRestore({ exported, bindings, facts: { ...FACTS, ...facts }, config: CONFIG });
  return { ...plan, codes: plan.refused.map(({ name, code }) => `${name} ${code}`) };
}

describe('a restored ledger', () => {
  it('has all that is in no one’s way, sorted', () => {
    const bob = makeBinding('bob', 21_002);
    const { bindings, refused, known } = restore([team, bob, alice]);
    expect({ bindings, refused, known }).toEqual({ bindings: [alice, bob, team], refused: [], known: 0 });
  });

  it('counts what is there already, whenever it was bound', () => {
    expect(restore([{ ...alice, boundAt: 5 }], { bindings: [alice] })).toMatchObject({
      bindings: [],
      refused: [],
      known: 1,
    });
  });

  it.each<[string, Partial<Binding>]>([
    ['uid', { id: 21_009 }],
    ['name', { name: 'alicia' }],
    ['SCIM id', { scimId: 'u-other' }],
    ['primary group', { gid: 9998 }],
    ['home', { home: '/data/alice' }],
  ])('never changes the %s that this node binds', (_, more) => {
    const { bindings, refused, known } = restore([{ ...alice, ...more }], { bindings: [alice] });
    expect([bindings, known]).toEqual([[], 0]);
    expect(refused).toEqual([
      {
        kind: 'account',
        name: more.name ?? 'alice',
        id: more.id ?? 21_001,
        code: 'ledger-differs',
        detail: "this node's ledger binds alice, 21001, to u-alice, and that is never changed",
      },
    ]);
  });

  it('refuses both of two entries that share a SCIM id, a name or an id, and not those of another kind', () => {
    const twin = (more: Partial<Binding>): Binding => makeBinding('bob', 21_002, more);
    for (const more of [{ scimId: 'u-alice' }, { name: 'alice' }, { id: 21_001 }]) {
      const { bindings, codes } = restore([alice, twin(more), makeBinding('carol', 21_003)]);
      expect(bindings.map(({ name }) => name)).toEqual(['carol']);
      expect(codes).toEqual(['alice export-twice', `${more.name ?? 'bob'} export-twice`]);
    }
    const namesake = { ...team, name: 'alice', id: 21_001, scimId: 'u-alice' };
    expect(restore([alice, namesake]).bindings).toHaveLength(2);
  });

  it.each<[string, Binding, string]>([
    ['a name that is never granted', makeBinding('root', 21_001), 'name-reserved'],
    ['that name in capitals', makeBinding('ROOT', 21_001), 'name-reserved'],
    ['a name that shifts a field', makeBinding('a:b', 21_001), 'name-reserved'],
    ['uid 0', makeBinding('alice', 0), 'uid-reserved'],
    ['a uid of the system', makeBinding('alice', 999), 'uid-reserved'],
    ['gid 0', makeBinding('alice', 21_001, { gid: 0 }), 'gid-reserved'],
    ['a home that shifts a field', makeBinding('alice', 21_001, { home: '/home/a:b' }), 'home-path'],
    ['a home that leaves its directory', makeBinding('alice', 21_001, { home: '/home/../etc' }), 'home-path'],
    ['a group of the system', { ...team, id: 0 }, 'uid-reserved'],
    ['a group’s name that is never granted', { ...team, name: 'sudo' }, 'name-reserved'],
  ])('refuses %s', (_, binding, code) => {
    const { bindings, refused } = restore([binding]);
    expect(bindings).toEqual([]);
    expect(refused).toMatchObject([{ code, name: binding.name, id: binding.id }]);
    expect(refused[0]?.detail).not.toBe('');
  });

  it('takes an account without a home or primary group, and a group with neither', () => {
    const bare = makeBinding('alice', 21_001, { gid: null, home: null });
    expect(restore([bare, { ...team, gid: 0, home: 'nowhere' }]).refused).toEqual([]);
  });

  it('refuses an account whose name or uid a local account has', () => {
    const facts = { foreignAccounts: [{ name: 'alice', uid: 1001 }] };
    expect(restore([alice], { facts }).codes).toEqual(['alice name-local']);
    expect(restore([alice], { facts: { foreignAccounts: [{ name: 'zed', uid: 21_001 }] } }).codes).toEqual([
      'alice uid-local',
    ]);
  });

  it('takes a group that the node still has under that gid, and refuses another', () => {
    const local = (name: string, gid: number) => ({ facts: { foreignGroups: [{ name, gid, members: [] }] } });
    expect(restore([team], local('team', 31_001)).bindings).toEqual([team]);
    expect(restore([team], local('team', 31_002)).refused).toMatchObject([
      { code: 'group-local', detail: 'a local group team has the gid 31002' },
    ]);
    expect(restore([team], local('other', 31_001)).refused).toMatchObject([
      { code: 'gid-taken', detail: "the gid 31001 is the local group other's" },
    ]);
    expect(restore([team], local('other', 31_002)).bindings).toEqual([team]);
  });

  it('lists what it refuses by kind and name', () => {
    const { refused } = restore([{ ...team, id: 0 }, makeBinding('root', 5), makeBinding('bin', 6)]);
    expect(refused.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'account bin',
      'account root',
      'group team',
    ]);
  });
});
