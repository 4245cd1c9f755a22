import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  pairByExternalId,
  planRebinding,
  type RebindQuestion,
} from '../../../../src/policy/ledger/rebind.ts';
import type { Binding } from '../../../../src/policy/model.ts';
import {
  CONFIG,
  makeBinding,
  makeConfig,
  makeGroup,
  makeUser,
  NOW,
} from '../../../support/records/organisation.ts';
import { propertyRuns } from '../../../support/property-runs.ts';

const ALICE = makeBinding('alice', 20100, { scimId: 'u-old', disabledAt: NOW });
const TEAM: Binding = {
  ...ALICE,
  scimId: 'g-old',
  kind: 'group',
  name: 'team',
  id: 31_000,
  gid: null,
  home: null,
};
const old = { ...makeUser('alice', 20100, { id: 'u-old', externalId: 'e-1' }), absent: true };
const fresh = makeUser('alice', 20100, { id: 'u-new', externalId: 'e-1' });

const QUESTION: RebindQuestion = {
  users: [old, fresh, makeUser('bob', 20200)],
  groups: [
    { ...makeGroup('team', 31_000, [], { id: 'g-old', externalId: 'e-2' }), absent: true },
    makeGroup('team', 31_000, [], { id: 'g-new', externalId: 'e-2' }),
  ],
  bindings: [ALICE, TEAM],
  blocked: [],
  config: CONFIG,
  former: [],
  takesStoreIds: false,
};
const move = (more: Partial<RebindQuestion> = {}, from = 'u-old', to = 'u-new') =>
  planRebinding([{ from, to }], { ...QUESTION, ...more });

const KEPT = { binding: ALICE, to: 'u-new', id: 20_100, gid: 9999, storeId: null };

describe('a binding moves', () => {
  test('from a person who is gone to the one with the new id', () => {
    expect(move()).toEqual({ moves: [KEPT], refused: [] });
  });

  test('from a person without a record on this node', () => {
    expect(move({ users: [fresh] }).moves).toHaveLength(1);
  });

  test('from a person who is inactive, since some stores delete so', () => {
    const inactive = makeUser('alice', 20100, { id: 'u-old', active: false });
    expect(move({ users: [inactive, fresh] }).moves).toHaveLength(1);
  });

  test('with a group as well', () => {
    expect(move({}, 'g-old', 'g-new').moves).toEqual([
      { binding: TEAM, to: 'g-new', id: 31_000, gid: null, storeId: null },
    ]);
  });

  test('in bulk for all users who have the same externalId now', () => {
    const { pairs, refused } = pairByExternalId(QUESTION);
    expect(pairs).toEqual([
      { from: 'g-old', to: 'g-new' },
      { from: 'u-old', to: 'u-new' },
    ]);
    expect(refused).toEqual([]);
    expect(planRebinding(pairs, QUESTION).moves).toHaveLength(2);
  });

  test('in bulk for another user who had that externalId, is gone and was never bound, or is bound and stays', () => {
    const stranger = { ...makeUser('stranger', null, { id: 'u-stranger', externalId: 'e-1' }), absent: true };
    const resident = makeUser('bob', 20200, { externalId: 'e-1' });
    const question = {
      ...QUESTION,
      users: [stranger, resident, old, fresh],
      groups: [],
      bindings: [ALICE, { ...ALICE, scimId: 'u-bob', name: 'bob', id: 20200 }],
    };
    expect(pairByExternalId(question)).toEqual({ pairs: [{ from: 'u-old', to: 'u-new' }], refused: [] });
    expect(pairByExternalId({ ...question, users: [old, resident] })).toEqual({ pairs: [], refused: [] });
    expect(pairByExternalId({ ...question, users: [old, { ...fresh, absent: true }] })).toEqual({
      pairs: [],
      refused: [],
    });
  });

  test('accounts before groups, each in the order of their names, in whatever order they are asked for', () => {
    const zed: Binding = { ...ALICE, scimId: 'u-zed', name: 'zed', id: 20300 };
    const pairs = [
      { from: 'g-old', to: 'g-new' },
      { from: 'u-zed', to: 'u-zed-new' },
      { from: 'u-old', to: 'u-new' },
    ];
    const users = [...QUESTION.users, makeUser('zed', 20300, { id: 'u-zed-new' })];
    const { moves } = planRebinding(pairs, { ...QUESTION, users, bindings: [TEAM, zed, ALICE] });
    expect(moves.map(({ binding }) => binding.name)).toEqual(['alice', 'zed', 'team']);
  });

  test('to the id that was named, no matter which user stands before it', () => {
    expect(move({ users: [makeUser('bob', 20200), old, fresh] }).moves).toEqual([KEPT]);
  });
});

describe('a binding stays', () => {
  const living = makeUser('alice', 20100, { id: 'u-old' });
  const bob: Binding = { ...ALICE, scimId: 'u-new', name: 'bob', id: 20200 };
  test.each<[string, Partial<RebindQuestion>, string]>([
    ['with a person who is still at the store', { users: [living, fresh] }, 'still-there'],
    ['where no user has the new id', { users: [old] }, 'not-there'],
    ['where the new id is gone as well', { users: [old, { ...fresh, absent: true }] }, 'not-there'],
    ['where the new id has a name of its own', { bindings: [ALICE, bob] }, 'bound-already'],
    ['where the ledger knows no such id', { bindings: [] }, 'not-bound'],
    ['where a block names the old id and would be lost', { blocked: ['u-old'] }, 'blocked'],
  ])('%s', (_, more, code) => {
    expect(move(more)).toMatchObject({ moves: [], refused: [{ code }] });
  });

  const override = makeConfig('overrides: [{ id: u-old, block: true }, { id: u-other, block: true }]');

  test('and the reason is given in words', () => {
    const why = (more: Partial<RebindQuestion>, ...pair: string[]) =>
      move(more, ...pair).refused.map(({ detail }) => detail);
    expect(why({ users: [living, fresh] })).toEqual([
      'u-old is still at the store: two people cannot be one',
    ]);
    expect(why({ users: [old] })).toEqual(['the store has no user with the id u-new']);
    expect(why({ groups: [] }, 'g-old', 'g-new')).toEqual(['the store has no group with the id g-new']);
    expect(why({ bindings: [ALICE, bob] })).toEqual(['the ledger binds u-new to bob, 20200, for good']);
    expect(why({ bindings: [] })).toEqual(['the ledger binds nothing to u-old']);
    expect(why({ blocked: ['u-old'] })).toEqual(['u-old is blocked by that id: block u-new or alice first']);
  });

  test('where a block that would be lost names the new id or the account as well', () => {
    for (const blocked of [['u-old', 'u-new'], ['u-old', 'alice'], ['u-new'], ['alice']])
      expect(move({ blocked }).moves).toHaveLength(1);
    // A block in the configuration moves with the id.
    expect(move({ config: override }).moves).toHaveLength(1);
    expect(move({ bindings: [ALICE, { ...TEAM, scimId: 'u-new' }] }).moves).toHaveLength(1);
  });

  test('where two would become one', () => {
    const other: Binding = { ...ALICE, scimId: 'u-older', name: 'alicia', id: 20999 };
    const question = { ...QUESTION, bindings: [ALICE, other] };
    const pairs = ['u-old', 'u-older'].map((from) => ({ from, to: 'u-new' }));
    expect(planRebinding(pairs, question).refused.map(({ code, detail }) => `${code}: ${detail}`)).toEqual([
      'twice: u-new would be several at once',
      'twice: u-new would be several at once',
    ]);
  });

  test('in bulk where several have the externalId', () => {
    const twin = makeUser('twin', null, { id: 'u-twin', externalId: 'e-1' });
    const { pairs, refused } = pairByExternalId({ ...QUESTION, users: [...QUESTION.users, twin] });
    expect(pairs).toEqual([{ from: 'g-old', to: 'g-new' }]);
    const detail = 'several have the externalId e-1: name the two ids (sunk-agent rebind OLD NEW)';
    expect(refused).toEqual([{ from: 'u-old', to: 'u-new', code: 'external-id-clash', detail }]);
  });

  test('in bulk where several had the externalId, in the order of the ids', () => {
    const gone = (id: string, externalId: string) => ({
      ...makeUser(id, null, { id, externalId }),
      absent: true,
    });
    const users = [
      gone('u-d', 'e-9'),
      gone('u-c', 'e-9'),
      makeUser('y', null, { id: 'u-y', externalId: 'e-9' }),
      gone('u-b', 'e-1'),
      gone('u-a', 'e-1'),
      makeUser('x', null, { id: 'u-x', externalId: 'e-1' }),
    ];
    const bindings = ['u-a', 'u-b', 'u-c', 'u-d'].map((scimId, index) => ({
      ...ALICE,
      scimId,
      name: scimId,
      id: 20_000 + index,
    }));
    const { pairs, refused } = pairByExternalId({ ...QUESTION, users, groups: [], bindings });
    expect(pairs).toEqual([]);
    expect(refused.map(({ from, to }) => `${from} ${to}`)).toEqual(['u-b u-x', 'u-d u-y']);
  });
});

describe('the ids after a move', () => {
  const gidConfig = makeConfig('accounts: { domains: [example.com] }', '{ gid: gid }');
  const otherUid = makeUser('alice', 20777, { id: 'u-new', gid: 5000, home: '/home/other' });
  const otherTeam = [makeGroup('team', 31_999, [], { id: 'g-new' })];
  const derived = makeConfig('accounts: { ids: derived }');
  const store = (more: Partial<RebindQuestion>, ...pair: string[]) =>
    move({ takesStoreIds: true, ...more }, ...pair);

  test('are those of this node, and what other nodes would give is told', () => {
    expect(move({ users: [old, otherUid] }).moves).toEqual([{ ...KEPT, storeId: 20_777 }]);
    expect(move({ users: [old, makeUser('alice', null, { id: 'u-new' })] }).moves).toEqual([KEPT]);
    expect(move({ groups: otherTeam }, 'g-old', 'g-new').moves).toMatchObject([
      { id: 31_000, storeId: 31_999 },
    ]);
    const [one] = move({ config: derived }).moves;
    expect(one?.id).toBe(20_100);
    expect(one?.storeId).not.toBeNull();
  });

  test('are those of the store where the operator asks for them', () => {
    const taken = { ...KEPT, id: 20_777 };
    expect(store({ users: [old, otherUid] }).moves).toEqual([taken]);
    expect(store({ users: [old, otherUid], config: gidConfig }).moves).toEqual([{ ...taken, gid: 5000 }]);
    expect(store({ groups: otherTeam }, 'g-old', 'g-new').moves).toMatchObject([
      { id: 31_999, storeId: null },
    ]);
    expect(store({}).moves).toEqual([KEPT]);
    const moved = { ...otherUid, record: { ...otherUid.record, id: 'u-old' } };
    expect(store({ users: [moved] }, 'u-old', 'u-old').moves).toEqual([{ ...taken, to: 'u-old' }]);
  });

  test.each<[string, Partial<RebindQuestion>, string]>([
    ['the store has none', { users: [old, makeUser('alice', null, { id: 'u-new' })] }, 'no-store-ids'],
    [
      'it is none that this node grants',
      { users: [old, makeUser('alice', 70_000, { id: 'u-new' })] },
      'no-store-ids',
    ],
    [
      'another account has it',
      { users: [old, otherUid], bindings: [ALICE, { ...ALICE, scimId: 'u-bob', name: 'bob', id: 20_777 }] },
      'id-bound',
    ],
    [
      'another account once had it',
      {
        users: [old, otherUid],
        former: [{ kind: 'account', from: 'u-bob', to: 'u-bobby', name: 'bob', id: 20_777 }],
      },
      'id-bound',
    ],
  ])('are not those of the store where %s', (_, more, code) => {
    expect(store(more)).toMatchObject({ moves: [], refused: [{ code }] });
  });

  test('cannot be taken again where they are those of the store', () => {
    expect(
      store({ users: [{ ...fresh, record: { ...fresh.record, id: 'u-old' } }] }, 'u-old', 'u-old'),
    ).toMatchObject({ refused: [{ code: 'same-ids' }] });
  });
});

describe('the last move', () => {
  const bound = { ...ALICE, scimId: 'u-new' };
  const former = [{ kind: 'account', from: 'u-old', to: 'u-new', name: 'alice', id: 20_100 }] as const;
  const back = (more: Partial<RebindQuestion>) =>
    move({ bindings: [bound], former, ...more }, 'u-new', 'u-old');

  test('can be taken back, though the one is still there and the other is not', () => {
    expect(back({}).moves).toEqual([{ ...KEPT, binding: bound, to: 'u-old' }]);
    expect(back({ users: [fresh] }).moves).toHaveLength(1);
  });

  test('is the only one that can', () => {
    expect(back({ former: [] }).refused).toMatchObject([{ code: 'still-there' }]);
    const later = [...former, { ...former[0], from: 'u-older' }];
    expect(back({ former: later }).refused).toMatchObject([{ code: 'still-there' }]);
    expect(back({ former: [{ ...former[0], kind: 'group' }] }).refused).toMatchObject([
      { code: 'still-there' },
    ]);
  });
});

test('in bulk no user who is at the store loses a binding, no one gets two, and the order never matters', () => {
  const user = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    externalId: fc.constantFrom(null, '1', '2'),
    active: fc.boolean(),
    absent: fc.boolean(),
    isBound: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.uniqueArray(user, { selector: ({ id }) => id }), (drawn) => {
      const users = drawn.map(({ id, externalId, active, absent }, index) => ({
        ...makeUser(`n${index}`, null, { id, externalId, active }),
        absent,
      }));
      const bindings = drawn.flatMap(({ id, isBound }, index) =>
        isBound ? [{ ...ALICE, scimId: id, name: `n${index}`, id: 20_000 + index }] : [],
      );
      const question = { ...QUESTION, users, groups: [], bindings };
      const { pairs } = pairByExternalId(question);
      const { moves } = planRebinding(pairs, question);
      const targets = moves.map(({ to }) => to);
      expect(new Set(targets).size).toBe(targets.length);
      for (const { binding, to } of moves) {
        const before = drawn.find(({ id }) => id === binding.scimId);
        const after = drawn.find(({ id }) => id === to);
        expect(before?.absent === true || before?.active === false).toBe(true);
        expect(after).toMatchObject({ absent: false, isBound: false, externalId: before?.externalId });
      }
      const reversed = { ...question, users: [...users].reverse(), bindings: [...bindings].reverse() };
      expect(pairByExternalId(reversed).pairs).toEqual(pairs);
    }),
    { numRuns: propertyRuns(2000, 100_000) },
  );
});
