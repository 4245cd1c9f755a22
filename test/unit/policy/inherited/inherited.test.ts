import { describe, expect, test } from 'vitest';
import { planSync, type SyncInput } from '../../../../src/plan/sync/plan-sync.ts';
import type { HostState } from '../../../../src/plan/host-state.ts';
import type { Change } from '../../../../src/plan/change.ts';
import { NOTHING_IN_USE } from '../../../../src/policy/in-use.ts';
import type { InheritedLine, InheritedRow } from '../../../../src/policy/inherited/inherited.ts';
import {
  addDecisions,
  carryInherited,
  type InheritedInput,
} from '../../../../src/policy/inherited/inherited.ts';
import { decideLines } from '../../../../src/policy/inherited/inherited-rows.ts';
import type { DesiredState, NodeFacts } from '../../../../src/policy/model.ts';
import type { GroupEntry, PasswdEntry } from '../../../../src/policy/posix.ts';
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
import { computeDesiredState } from '../../../../src/policy/desired-state.ts';
import { makeHost, toHostState } from '../../../support/records/model-host.ts';

const PUBLISHER = `
access: { groups: [{ name: slurm-users, id: g-users }] }
accounts: { domains: [example.com], backend: nsscache, homes: never }
`;

const makeEntry = (name: string, uid: number): PasswdEntry => ({
  name,
  uid,
  gid: uid,
  gecos: name,
  dir: `/srv/${name}`,
  shell: '/bin/zsh',
});

const accountLine = (name: string, id: number, keys: string | null = null): InheritedLine => ({
  kind: 'account',
  name,
  id,
  line: `${name}:*:${id}:${id}:${name}:/srv/${name}:/bin/zsh`,
  keys,
});

const groupLine = (name: string, id: number, members = ''): InheritedLine => ({
  kind: 'group',
  name,
  id,
  line: `${name}:*:${id}:${members}`,
  keys: null,
});

const toRow = (line: InheritedLine, fate: InheritedRow['fate'], decidedAt = NOW): InheritedRow => ({
  ...line,
  fate,
  decidedAt,
  by: 'op',
});

/** A publisher that publishes `own`, beside a former one with `found`. */
function readHost(
  found: readonly InheritedLine[],
  own: readonly PasswdEntry[] = [],
  ownGroups: readonly GroupEntry[] = [],
  keyFiles: readonly [string, string][] = [],
): HostState {
  const host = toHostState(makeHost());
  const toAccounts = (entries: readonly PasswdEntry[]) =>
    new Map(entries.map((entry) => [entry.name, { entry, expiryDay: null }]));
  const accounts = found.filter(({ kind }) => kind === 'account');
  const groups = found.filter(({ kind }) => kind === 'group');
  return {
    ...host,
    others: host.own,
    own: { accounts: toAccounts(own), groups: new Map(ownGroups.map((group) => [group.name, group])) },
    keyFiles: new Map(keyFiles),
    published: {
      lines: found,
      odd: NOTHING_IN_USE,
      primaryGids: new Map(),
      listed: [],
      isAfterFiles: true,
      accounts: toAccounts(accounts.map(({ name, id }) => makeEntry(name, id))),
      groups: new Map(groups.map(({ name, id }) => [name, { name, gid: id, members: [] }])),
    },
  };
}

function sync(more: Partial<SyncInput> & { readonly host: HostState }) {
  return planSync({
    users: [makeUser('alice', 20100), makeUser('carol', 20300)],
    groups: [makeGroup('users', 31000, ['u-alice', 'u-carol'], { name: 'slurm-users' })],
    bindings: [],
    former: [],
    grants: [],
    inherited: [],
    firstOwners: [],
    answers: null,
    config: makeConfig(PUBLISHER),
    now: NOW,
    blocked: [],
    approved: new Set<string>(),
    frozenUntil: 0,
    extensions: new Map(),
    completeAt: NOW,
    isComplete: true,
    guardRecord: { done: [], heldSince: new Map() },
    isRecordable: true,
    ...more,
  });
}

const of = (changes: readonly Change[], kind: Change['kind']) =>
  changes.filter((change) => change.kind === kind).map(({ name }) => name);

describe('beside a former publisher, without a choice', () => {
  const lines = [
    accountLine('alice', 20100),
    accountLine('carol', 12_345),
    accountLine('gone', 20777, "gone:['k']"),
    groupLine('gone', 20777),
  ];
  const { changes, verdict, desired } = sync({ host: readHost(lines) });

  test('no account vanishes and no uid moves: what has no person, or another uid, is published as it is', () => {
    expect(changes.filter(({ kind }) => kind === 'account-inherit')).toMatchObject([
      { name: 'carol', uid: 12_345, line: lines[1]?.line, keys: null, isDisabled: false },
      { name: 'gone', uid: 20777, line: lines[2]?.line, keys: "gone:['k']" },
    ]);
    expect(of(changes, 'group-inherit')).toEqual(['gone']);
    expect(of(changes, 'account-create')).toEqual(['alice']);
    expect(verdict.held).toEqual([]);
  });

  test('who has the same uid keeps gid and home', () => {
    expect(changes.find(({ kind }) => kind === 'account-create')).toMatchObject({
      entry: { uid: 20100, gid: 20100, dir: '/srv/alice' },
    });
  });

  test('each of them is named by a code', () => {
    expect(desired.refusals.filter(({ code }) => code.startsWith('published-'))).toMatchObject([
      { code: 'published-unknown', detail: expect.stringContaining('gone with the uid 20777') },
      { code: 'published-differs', scimId: 'u-carol' },
    ]);
  });

  test('nothing is published beside it in observe mode, or by another backend', () => {
    for (const accounts of ['mode: observe', '']) {
      const config = makeConfig(
        `${accounts === '' ? PUBLISHER.replace('nsscache', 'local') : PUBLISHER}${accounts}`,
      );
      expect(of(sync({ host: readHost(lines), config }).changes, 'account-inherit')).toEqual([]);
    }
  });

  test('uid 0 is never carried over, whatever it is called', () => {
    expect(of(sync({ host: readHost([accountLine('toor', 0)]) }).changes, 'account-inherit')).toEqual([]);
  });
});

describe('after the links were moved, when only its own publication has them', () => {
  const own = [makeEntry('carol', 12_345), makeEntry('gone', 20777)];
  const host = { ...readHost([], own, [], [['gone', '\nkey\n']]), published: null };

  test('they stay, with keys, and the uid of a person who has another one still does not move', () => {
    const { changes, desired, notInStore } = sync({ host });
    expect(changes.filter(({ name }) => name === 'gone' || name === 'carol')).toEqual([]);
    expect(desired.refusals.map(({ code }) => code)).toEqual(['published-unknown', 'published-differs']);
    expect(notInStore).toEqual([]);
  });

  test('a line of the managed group is no such line: the ledger was lost', () => {
    const managed = { ...makeEntry('gone', 20777), gid: 9999 };
    const { desired } = sync({ host: { ...readHost([], [managed]), published: null } });
    expect(desired.leftovers).toMatchObject([{ scimId: 'unknown:gone', fate: 'deny' }]);
  });

  test('dropped, an account goes with its keys, and its name and uid are free', () => {
    const { changes, verdict } = sync({
      host,
      users: [makeUser('dave', 20777)],
      groups: [makeGroup('users', 31000, ['u-dave'], { name: 'slurm-users' })],
      inherited: [toRow(accountLine('gone', 20777), 'drop'), toRow(accountLine('carol', 12_345), 'keep')],
    });
    expect(of(verdict.go, 'account-remove')).toEqual(['gone']);
    expect(of(verdict.go, 'keys-remove')).toEqual(['gone']);
    expect(of(changes, 'account-create')).toEqual(['dave']);
  });

  test('a dropped group goes too', () => {
    const team = { name: 'team', gid: 20900, members: [] };
    const { verdict } = sync({
      host: { ...readHost([], own, [team]), published: null },
      inherited: [toRow(groupLine('team', 20900), 'drop')],
    });
    expect(of(verdict.go, 'group-remove')).toEqual(['team']);
  });

  test('retired, it is disabled at once, held by no limit, and removed once the retention is over', () => {
    const rows = (at: number) => [
      toRow(accountLine('gone', 20777), 'retire', at),
      toRow(accountLine('carol', 12_345), 'keep'),
    ];
    const { verdict, desired } = sync({ host, inherited: rows(NOW) });
    expect(verdict.go.filter(({ name }) => name === 'gone').map(({ kind }) => kind)).toEqual([
      'keys-remove',
      'account-close',
      'sessions-end',
      'jobs-disable',
    ]);
    expect(desired.managedGroup.members).toContain('gone');
    expect(desired.refusals.map(({ code }) => code)).not.toContain('published-unknown');
    const later = sync({ host, inherited: rows(NOW - 91 * 86_400) });
    expect(of(later.verdict.go, 'account-remove')).toEqual(['gone']);
  });

  test('its uid stays taken after that', () => {
    const row = toRow(accountLine('gone', 20777), 'retire', NOW - 91 * 86_400);
    const { desired, changes } = sync({
      host: { ...readHost([]), published: null },
      users: [makeUser('dave', 20777)],
      groups: [makeGroup('users', 31000, ['u-dave'], { name: 'slurm-users' })],
      inherited: [row],
    });
    expect(of(changes, 'account-create')).toEqual([]);
    expect(desired.refusals).toMatchObject([{ scimId: 'u-dave', code: 'published-differs' }]);
  });

  test('a user whose SCIM id looks like that of a retired account is another one', () => {
    const { desired } = sync({
      host,
      bindings: [makeBinding('mallory', 20999, { scimId: 'inherited:gone' })],
      inherited: [toRow(accountLine('gone', 20777), 'retire')],
    });
    expect(desired.accounts.map(({ scimId }) => scimId)).toContain('inherited:gone:');
  });
});

test('a retired account that is not published yet appears disabled, without keys', () => {
  const row = toRow(accountLine('gone', 20777, "gone:['k']"), 'retire');
  const { verdict } = sync({ host: readHost([]), inherited: [row] });
  expect(verdict.go.filter(({ name }) => name === 'gone')).toMatchObject([
    { kind: 'account-inherit', isDisabled: true, keys: null },
  ]);
});

test('a freeze keeps no account from going on as it was', () => {
  const { verdict } = sync({ host: readHost([accountLine('gone', 20777)]), frozenUntil: NOW + 60 });
  expect(of(verdict.go, 'account-inherit')).toEqual(['gone']);
});

describe('what an import decides', () => {
  const lines = [
    accountLine('alice', 20100),
    accountLine('carol', 12_345),
    accountLine('gone', 20777),
    groupLine('gone', 20777),
    groupLine('team', 20900, 'gone,alice'),
  ];
  const decide = (fate: 'keep' | 'retire' | 'drop' | null, rows: readonly InheritedRow[] = []) =>
    decideLines({
      lines,
      unmatched: new Set(['gone']),
      bound: new Set(['alice']),
      boundGroups: new Set(),
      rows,
      fate,
      now: NOW,
      by: 'op',
    });
  const fates = (rows: readonly InheritedRow[]) =>
    rows.map(({ kind, name, fate }) => `${kind} ${name} ${fate}`);

  test('the choice is for accounts that are not at the store; one that was refused stays undecided', () => {
    expect(fates(decide('keep'))).toEqual([
      'account carol undecided',
      'account gone keep',
      'group gone keep',
      'group team keep',
    ]);
  });

  test('a group goes with the dropped account that alone has it', () => {
    expect(fates(decide('drop'))).toContain('group gone drop');
    expect(fates(decide('drop'))).toContain('group team keep');
  });

  test('a choice that was made stays without a new one, and nothing is decided twice', () => {
    const rows = decide('retire');
    expect(decide(null, rows)).toEqual([]);
    expect(fates(decide('keep', rows))).toEqual(['account gone keep']);
  });
});

describe('which groups an import drops', () => {
  const decide = (lines: readonly InheritedLine[], boundGroups: readonly string[] = []) =>
    decideLines({
      lines,
      unmatched: new Set(['gone', 'left']),
      bound: new Set(['alice']),
      boundGroups: new Set(boundGroups),
      rows: [],
      fate: 'drop',
      now: NOW,
      by: 'op',
    })
      .filter(({ kind }) => kind === 'group')
      .map(({ name, fate }) => `${name} ${fate}`);
  const people = [accountLine('gone', 20777), accountLine('left', 20778), accountLine('alice', 20100)];

  test('those that are the primary group of dropped accounts alone, and list no one else', () => {
    expect(decide([...people, groupLine('gone', 20777)])).toEqual(['gone drop']);
    expect(decide([...people, groupLine('gone', 20777, 'left')])).toEqual(['gone drop']);
    expect(decide([...people, groupLine('gone', 20777, 'left,alice')])).toEqual(['gone keep']);
    expect(decide([...people, groupLine('alice', 20100)])).toEqual(['alice keep']);
  });

  test('none that is no one’s primary group, and none that the ledger has', () => {
    expect(decide([...people, groupLine('team', 20900)])).toEqual(['team keep']);
    expect(decide([...people, groupLine('gone', 20777)], ['gone'])).toEqual([]);
  });

  test('a member that looks like a gid makes no primary group', () => {
    // The fourth field of a group line has its members, and is no gid.
    expect(decide([...people, groupLine('odd', 1, '20777'), groupLine('gone', 20777)])).toEqual([
      'odd keep',
      'gone drop',
    ]);
  });
});

test('a line that another import has otherwise is recorded anew', () => {
  const decision = {
    lines: [accountLine('gone', 20777)],
    unmatched: new Set<string>(),
    bound: new Set<string>(),
    boundGroups: new Set<string>(),
    fate: null,
    now: NOW,
    by: 'op',
  };
  const row = toRow(accountLine('gone', 20777), 'keep');
  expect(decideLines({ ...decision, rows: [row] })).toEqual([]);
  expect(decideLines({ ...decision, rows: [{ ...row, line: 'other' }] })).toMatchObject([{ fate: 'keep' }]);
  expect(decideLines({ ...decision, rows: [{ ...row, keys: 'k' }] })).toMatchObject([{ fate: 'keep' }]);
  // With another uid it is another account.
  expect(decideLines({ ...decision, rows: [{ ...row, id: 5 }] })).toMatchObject([{ fate: 'undecided' }]);
});

describe('what was decided, among the facts of the node', () => {
  const published = (...names: string[]): NodeFacts => ({
    ...FACTS,
    published: {
      accounts: names.map((name, n) => makePublished(name, 20800 + n)),
      groups: [
        { name: 'team', gid: 20900, members: [] },
        { name: 'crew', gid: 20901, members: [] },
      ],
    },
  });
  const rows = [
    toRow(accountLine('kept', 20800), 'keep'),
    toRow(accountLine('open', 20801), 'undecided'),
    toRow(accountLine('dropped', 20802), 'drop'),
    toRow(accountLine('vanished', 20850), 'keep'),
    toRow(groupLine('team', 20900), 'drop'),
    toRow(groupLine('crew', 20901), 'keep'),
  ];

  test('an account is decided or not, a dropped one is in the way of no one, and one that is gone keeps its uid', () => {
    const facts = addDecisions(published('kept', 'open', 'dropped', 'other'), rows, []);
    expect(facts.published?.accounts.map(({ name, uid, isDecided }) => [name, uid, isDecided])).toEqual([
      ['kept', 20800, true],
      ['open', 20801, false],
      ['vanished', 20850, true],
      ['other', 20803, false],
    ]);
    expect(facts.published?.groups.map(({ name }) => name)).toEqual(['crew']);
    expect(facts.published?.accounts.find(({ name }) => name === 'vanished')).toMatchObject({
      gid: 20850,
      dir: '/srv/vanished',
    });
  });

  test('a decision of a name with another id is none', () => {
    const facts = addDecisions(published('dropped'), rows, []);
    expect(facts.published?.accounts.map(({ name }) => name)).toContain('dropped');
  });

  test('a line that the ledger has by now, by name or by uid, is decided no more', () => {
    const before = published('kept', 'open', 'dropped');
    const accounts = (...bindings: Parameters<typeof makeBinding>[]) =>
      addDecisions(
        before,
        rows,
        bindings.map((binding) => makeBinding(...binding)),
      ).published?.accounts.map(({ name, isDecided }) => `${name} ${isDecided}`);
    expect(accounts(['dropped', 5])).toContain('dropped false');
    expect(accounts(['someone', 20802])).toContain('dropped false');
    expect(accounts(['someone', 20800])).toContain('kept false');
    expect(accounts(['someone', 5])).toContain('kept true');
  });

  test('a line of the managed group that was decided is no unknown one; without decisions all is as it was', () => {
    const unbound = [
      { name: 'kept', uid: 20800, gid: 9999, dir: '/' },
      { name: 'strange', uid: 20810, gid: 9999, dir: '/' },
    ];
    const before = { ...FACTS, unbound };
    expect(addDecisions(before, rows, []).unbound.map(({ name }) => name)).toEqual(['strange']);
    expect(addDecisions(before, rows, []).published?.groups).toEqual([]);
    expect(addDecisions(before, [], [])).toBe(before);
  });
});

describe('what a publisher carries over', () => {
  const desired = computeDesiredState(makeInput());
  const carry = (more: Partial<InheritedInput>, state: DesiredState = desired) =>
    carryInherited(state, {
      rows: [],
      found: [],
      own: { accounts: new Map(), groups: new Map() },
      bindings: [],
      facts: FACTS,
      config: makeConfig(PUBLISHER),
      now: NOW,
      ...more,
    });
  const owning = (accounts: readonly [string, number][], groups: readonly [string, number][] = []) => ({
    accounts: new Map(accounts.map(([name, uid]) => [name, { entry: makeEntry(name, uid) }])),
    groups: new Map(groups.map(([name, gid]) => [name, { name, gid, members: [] }])),
  });
  const names = ({ carried }: DesiredState) => carried.map(({ kind, name }) => `${kind} ${name}`);
  const fates = ({ leftovers }: DesiredState) =>
    leftovers.map(({ kind, name, fate }) => `${kind} ${name} ${fate}`);

  test('is in the order of kinds and names, and nothing that it publishes already', () => {
    const found = [groupLine('team', 20900), accountLine('zoe', 20780), accountLine('gone', 20777)];
    expect(names(carry({ found }))).toEqual(['account gone', 'account zoe', 'group team']);
    const own = owning([['gone', 20777]], [['team', 20900]]);
    expect(names(carry({ found, own }))).toEqual(['account zoe']);
    expect(fates(carry({ found, own }))).toEqual(['account zoe leave', 'account gone leave']);
  });

  test('is nothing that a local name, the ledger or the desired state has', () => {
    const found = [accountLine('localhero', 20777), groupLine('localteam', 20900)];
    expect(names(carry({ found }))).toEqual([]);
    const bound = [makeBinding('gone', 5), makeBinding('other', 20778)];
    const byLedger = [accountLine('gone', 20777), accountLine('left', 20778), groupLine('gone', 20777)];
    expect(names(carry({ found: byLedger, bindings: bound }))).toEqual(['group gone']);
    const byDesired = [accountLine('alice', 5), accountLine('x', 20200), groupLine('slurm-users', 5)];
    expect(names(carry({ found: byDesired }))).toEqual([]);
  });

  test('is no line whose name this node publishes with another id', () => {
    const found = [accountLine('gone', 20777), groupLine('team', 20900)];
    const own = owning([['gone', 5]], [['team', 6]]);
    expect(names(carry({ found, own }))).toEqual([]);
    expect(fates(carry({ found, own }))).toEqual([]);
  });

  test('goes when it is dropped, a group only where this node publishes it', () => {
    const rows = [toRow(accountLine('gone', 20777), 'drop'), toRow(groupLine('team', 20900), 'drop')];
    expect(fates(carry({ rows }))).toEqual(['account gone drop']);
    const own = owning([['gone', 20777]], [['team', 20900]]);
    expect(fates(carry({ rows, own }))).toEqual(['account gone drop', 'group team drop']);
  });

  test('goes with the second in which its retention is over, and only where it was retired', () => {
    const { retention } = makeConfig(PUBLISHER).accounts;
    const own = owning([['gone', 20777]]);
    const at = (fate: 'retire' | 'keep', age: number) =>
      fates(carry({ own, rows: [toRow(accountLine('gone', 20777), fate, NOW - age)] }));
    expect(at('retire', retention)).toEqual(['account gone drop']);
    expect(at('retire', retention - 1)).toEqual([]);
    expect(at('keep', retention)).toEqual(['account gone leave']);
  });

  test('leaves a dropped account to a person who gets its uid in this sync', () => {
    const rows = [toRow(accountLine('gone', 20200), 'drop')];
    expect(fates(carry({ rows, own: owning([['gone', 20200]]) }))).toEqual(['account gone drop']);
    expect(fates(carry({ rows }))).toEqual([]);
    const kept = [toRow(accountLine('gone', 20200), 'keep')];
    expect(fates(carry({ rows: kept, own: owning([['gone', 20200]]) }))).toEqual([]);
  });

  test('keeps what only this node publishes, but nothing that it publishes no more or that is retired', () => {
    const facts: NodeFacts = {
      ...FACTS,
      published: { accounts: [makePublished('gone', 20777), makePublished('left', 20778)], groups: [] },
    };
    expect(fates(carry({ facts, own: owning([['gone', 20777]]) }))).toEqual(['account gone leave']);
    expect(fates(carry({ facts, own: owning([['gone', 5]]) }))).toEqual([]);
    expect(
      fates(carry({ facts, own: owning([['gone', 20777]]), bindings: [makeBinding('gone', 20777)] })),
    ).toEqual([]);
    const rows = [toRow(accountLine('gone', 20777), 'retire')];
    const own = owning([
      ['gone', 20777],
      ['left', 20778],
    ]);
    expect(fates(carry({ facts, own, rows }))).toEqual(['account left leave']);
  });

  test('has a retired account among the others in the order of names, with the line that it has', () => {
    const rows = [toRow(accountLine('aaron', 20777), 'retire')];
    const { accounts, managedGroup } = carry({ rows });
    expect(accounts.map(({ entry }) => entry.name)).toEqual(['aaron', 'alice', 'bob']);
    expect(accounts[0]).toEqual({
      scimId: 'inherited:aaron',
      entry: {
        name: 'aaron',
        uid: 20777,
        gid: 20777,
        gecos: 'aaron',
        dir: '/srv/aaron',
        shell: '/usr/sbin/nologin',
      },
      disabled: 'retired',
      credentials: [],
      extension: null,
      needsManagedGroup: true,
    });
    expect(managedGroup.members).toEqual(['aaron']);
    const own = { accounts: new Map([['aaron', { entry: { ...makeEntry('aaron', 20777), gid: 7 } }]]) };
    expect(carry({ rows, own: { ...own, groups: new Map() } }).accounts[0]?.entry).toMatchObject({
      gid: 7,
      shell: '/usr/sbin/nologin',
    });
  });
});
