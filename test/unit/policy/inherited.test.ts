import { describe, expect, test } from 'vitest';
import { planSync, type SyncInput } from '../../../src/plan/sync/plan-sync.ts';
import type { HostState } from '../../../src/plan/host-state.ts';
import type { Change } from '../../../src/plan/change.ts';
import type { InheritedLine, InheritedRow } from '../../../src/policy/inherited.ts';
import { decideLines } from '../../../src/policy/inherited-rows.ts';
import type { GroupEntry, PasswdEntry } from '../../../src/policy/posix.ts';
import { makeBinding, makeConfig, makeGroup, makeUser, NOW } from '../../support/records/organisation.ts';
import { makeHost, toHostState } from '../../support/records/model-host.ts';

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
