// The plan at the edges: renames, strangers' members, stray files, missing records, interrupted syncs.
import { NO_QUESTIONS } from '../../../src/policy/name-services.ts';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/plan/change.ts';
import { planChanges } from '../../../src/plan/plan.ts';
import { listLeavingKeys } from '../../../src/plan/plan-keys.ts';
import { settleSudoers } from '../../../src/plan/plan-sudoers.ts';
import { issueCredentials } from '../../../src/policy/keys/credential.ts';
import { listFingerprints } from '../../../src/policy/keys/key-file-lines.ts';
import type { Credential, DesiredAccount, DesiredState } from '../../../src/policy/model.ts';
import type { HomeOnHost } from '../../../src/policy/identity/own-home.ts';
import type { PasswdEntry } from '../../../src/policy/posix.ts';
import { readSudoersUids, renderSudoers } from '../../../src/policy/sudoers.ts';
import { applyChanges, makeHost, type ModelHost } from '../../support/records/model-host.ts';

const UTC = { zulu: true, timeZone: 'UTC' };
const EXPIRY = 1_900_000_000;

/** Credentials of ann with these (unsound) blobs. */
const credentials = (...texts: string[]): Credential[] =>
  issueCredentials(
    texts.map((text) => {
      const [fingerprint = ''] = listFingerprints(`ssh-ed25519 ${btoa(text)} u\n`);
      return { type: 'ssh-ed25519', base64: btoa(text), fingerprint };
    }),
    'u-ann',
    EXPIRY,
  );

const entry = (name: string, uid: number, more: Partial<PasswdEntry> = {}): PasswdEntry => ({
  name,
  uid,
  gid: 9999,
  gecos: name,
  dir: `/home/${name}`,
  shell: '/bin/bash',
  ...more,
});

const account = (name: string, uid: number, more: Partial<DesiredAccount> = {}): DesiredAccount => ({
  scimId: `u-${name}`,
  entry: entry(name, uid),
  disabled: null,
  credentials: [],
  extension: null,
  needsManagedGroup: false,
  ...more,
});

const disabled = (name: string, uid: number): DesiredAccount =>
  account(name, uid, { disabled: 'inactive', entry: entry(name, uid, { shell: '/usr/sbin/nologin' }) });

const makeDesired = (more: Partial<DesiredState> = {}): DesiredState => ({
  managedGroup: { name: 'sunk-users', gid: 9999, members: [] },
  accounts: [],
  groups: [],
  sudoEnds: new Map(),
  endedGrants: new Set<string>(),
  grantsSudo: true,
  expiry: UTC,
  bindings: [],
  leftovers: [],
  makesHomes: false,
  sharedHome: null,
  hasHook: false,
  questions: NO_QUESTIONS,
  carried: [],
  refusals: [],
  ...more,
});

/** A host with the managed group and these accounts, enabled unless their shell is nologin. */
function host(...entries: PasswdEntry[]): ModelHost {
  const model = makeHost();
  model.groups.set('sunk-users', { name: 'sunk-users', gid: 9999, members: [] });
  for (const line of entries) {
    const expiryDay = line.shell === '/usr/sbin/nologin' ? 1 : null;
    model.accounts.set(line.name, { entry: line, expiryDay });
  }
  return model;
}

const summarise = (changes: readonly Change[]): string[] =>
  changes.map((change) => `${change.kind} ${change.name}${'member' in change ? ` ${change.member}` : ''}`);

const plan = (desired: DesiredState, actual: ModelHost): string[] => {
  const changes = planChanges(desired, actual);
  applyChanges(actual, changes);
  expect(planChanges(desired, actual)).toEqual([]);
  return summarise(changes);
};

const leftover = (
  name: string,
  fate: 'remove' | 'leave' | 'deny',
  kind: 'account' | 'group' = 'account',
) => ({
  scimId: `x-${name}`,
  kind,
  name,
  fate,
});

describe('planChanges, accounts', () => {
  it('renames a line in place, and moves keys and memberships to the new name', () => {
    const actual = host(entry('old', 20001));
    actual.keyFiles.set('old', 'text\n');
    actual.groups.set('team', { name: 'team', gid: 32000, members: ['old'] });
    const desired = makeDesired({
      accounts: [account('new', 20001, { credentials: credentials('a') })],
      groups: [{ scimId: 'g', name: 'team', gid: 32000, members: ['new'], sudo: false }],
      leftovers: [{ ...leftover('old', 'remove'), scimId: 'u-new' }],
    });
    const changes = planChanges(desired, actual);
    expect(changes.find(({ kind }) => kind === 'account-alter')).toMatchObject({
      name: 'new',
      before: { name: 'old' },
      because: 'name, display name, home changed',
    });
    expect(changes.find(({ kind }) => kind === 'keys-remove')).toMatchObject({ scimId: 'u-new' });
    expect(plan(desired, actual)).toEqual([
      'keys-remove old',
      'member-remove team old',
      'account-alter new',
      'member-add team new',
      'keys-write new',
    ]);
  });

  it('finishes a rename that was cut short, for a disabled and for an enabled account', () => {
    const nologin = { shell: '/usr/sbin/nologin' };
    expect(plan(makeDesired({ accounts: [disabled('new', 20001)] }), host(entry('old', 20001)))).toEqual([
      'account-close old',
      'sessions-end old',
      'jobs-disable old',
      'account-alter new',
    ]);
    expect(
      plan(makeDesired({ accounts: [disabled('new', 20001)] }), host(entry('old', 20001, nologin))),
    ).toEqual(['jobs-disable old', 'account-alter new']);
    expect(
      plan(makeDesired({ accounts: [account('new', 20001)] }), host(entry('old', 20001, nologin))),
    ).toEqual(['account-alter new', 'account-reopen new']);
    expect(
      plan(makeDesired({ accounts: [account('same', 20001)] }), host(entry('same', 20001, nologin))),
    ).toEqual(['account-reopen same']);
  });

  it('frees the former name in a group without a record of this sync, whether or not the ledger knows of the rename', () => {
    const before = { ...leftover('old', 'remove'), scimId: 'u-new' };
    for (const former of [[before], []]) {
      const actual = host(entry('old', 20001));
      actual.groups.set('team', { name: 'team', gid: 32000, members: ['local', 'old'] });
      const desired = makeDesired({
        accounts: [account('new', 20001)],
        leftovers: [...former, leftover('team', 'leave', 'group')],
      });
      expect(plan(desired, actual)).toEqual(['member-remove team old', 'account-alter new']);
    }
  });

  it('knows the former name in groups and key files, even when the ledger has only the new one', () => {
    const actual = host(entry('old', 20001));
    actual.keyFiles.set('old', 'text');
    actual.groups.set('team', { name: 'team', gid: 32000, members: ['local', 'old'] });
    const groups = [{ scimId: 'g', name: 'team', gid: 32000, members: ['new'], sudo: false }];
    const desired = makeDesired({ accounts: [account('new', 20001)], groups });
    expect(planChanges(desired, actual).every(({ scimId }) => scimId === 'u-new')).toBe(true);
    plan(desired, actual);
    expect(actual.groups.get('team')!.members).toEqual(['local', 'new']);
  });

  it('makes no line for a disabled user, and never disables one twice', () => {
    expect(plan(makeDesired({ accounts: [disabled('gone', 20001)] }), host())).toEqual([]);
    const actual = host(entry('gone', 20001));
    const withoutSessions = { ...actual, sessions: null };
    const desired = makeDesired({ accounts: [disabled('gone', 20001)] });
    expect(summarise(planChanges(desired, withoutSessions))).toEqual([
      'account-close gone',
      'sessions-end gone',
      'jobs-disable gone',
    ]);
    applyChanges(actual, planChanges(desired, actual));
    expect(planChanges(desired, { ...withoutSessions, accounts: actual.accounts })).toEqual([]);
  });

  it('disables again what is only half disabled', () => {
    const actual = host(entry('gone', 20001, { shell: '/usr/sbin/nologin' }));
    actual.accounts.set('gone', { entry: entry('gone', 20001), expiryDay: 1 });
    actual.offboarded.set(20001, { needsHook: false });
    expect(plan(makeDesired({ accounts: [disabled('gone', 20001)] }), actual)).toEqual([
      'account-close gone',
      'sessions-end gone',
    ]);
    actual.accounts.set('gone', { entry: disabled('gone', 20001).entry, expiryDay: null });
    expect(plan(makeDesired({ accounts: [disabled('gone', 20001)] }), actual)).toEqual([
      'account-close gone',
      'sessions-end gone',
    ]);
    actual.sessions.add(20001);
    expect(plan(makeDesired({ accounts: [disabled('gone', 20001)] }), actual)).toEqual(['sessions-end gone']);
  });

  it('puts jobs aside once, and again when more turn up, and gives them back with the account', () => {
    const actual = host(entry('gone', 20001));
    const desired = makeDesired({ accounts: [disabled('gone', 20001)] });
    expect(plan(desired, actual)).toEqual(['account-close gone', 'sessions-end gone', 'jobs-disable gone']);
    actual.jobs.add(20001);
    expect(plan(desired, actual)).toEqual(['jobs-disable gone']);
    expect(plan(makeDesired({ accounts: [account('gone', 20001)] }), actual)).toEqual([
      'account-reopen gone',
      'jobs-restore gone',
    ]);
    expect(actual.offboarded.size).toBe(0);
  });

  it('runs the hook last and once for each leaving, also when a sync was cut short before it', () => {
    const actual = host(entry('gone', 20001));
    const desired = makeDesired({ accounts: [disabled('gone', 20001)], hasHook: true });
    const changes = planChanges(desired, actual);
    expect(summarise(changes)).toEqual([
      'account-close gone',
      'sessions-end gone',
      'jobs-disable gone',
      'hook-run gone',
    ]);
    applyChanges(actual, changes.slice(0, 3));
    expect(plan(desired, actual)).toEqual(['hook-run gone']);
    plan(makeDesired({ accounts: [account('gone', 20001)], hasHook: true }), actual);
    expect(plan(desired, actual)).toContain('hook-run gone');
  });

  it('runs no hook for those who left before there was one', () => {
    const actual = host(entry('gone', 20001));
    plan(makeDesired({ accounts: [disabled('gone', 20001)] }), actual);
    expect(plan(makeDesired({ accounts: [disabled('gone', 20001)], hasHook: true }), actual)).toEqual([]);
  });

  it('keeps an expiry that an administrator set, and a line that agrees', () => {
    const actual = host();
    actual.accounts.set('ann', { entry: entry('ann', 20001), expiryDay: 25_000 });
    expect(plan(makeDesired({ accounts: [account('ann', 20001)] }), actual)).toEqual([]);
  });

  it('makes homes only when asked to, and only missing ones', () => {
    const accounts = [account('ann', 20001)];
    expect(plan(makeDesired({ accounts }), host(entry('ann', 20001)))).toEqual([]);
    const actual = host(entry('ann', 20001));
    expect(plan(makeDesired({ accounts, makesHomes: true }), actual)).toEqual(['home-create ann']);
    expect([...actual.homes.keys()]).toEqual(['/home/ann']);
  });

  it('ends what a removed line may still run, and touches no line that is not a leftover', () => {
    const actual = host(entry('old', 20001), entry('unlisted', 20002), entry('unknown', 20003));
    actual.sessions.add(20001);
    const leftovers = [
      leftover('old', 'remove'),
      leftover('unlisted', 'leave'),
      leftover('never-made', 'remove'),
    ];
    const withoutSessions = { ...actual, sessions: null };
    expect(summarise(planChanges(makeDesired({ leftovers }), withoutSessions))).toContain('sessions-end old');
    expect(plan(makeDesired({ leftovers }), actual)).toEqual([
      'sessions-end old',
      'jobs-disable old',
      'account-remove old',
    ]);
    expect([...actual.accounts.keys()]).toEqual(['unlisted', 'unknown']);
  });
});

describe('planChanges, key files', () => {
  it('removes files of unknown and of refused accounts, and keeps those of users without a record', () => {
    const actual = host();
    for (const name of ['stray', 'deny', 'unlisted', 'empty'])
      actual.keyFiles.set(name, name === 'empty' ? '' : 'x');
    const leftovers = [leftover('deny', 'deny'), leftover('unlisted', 'leave')];
    const desired = makeDesired({ leftovers, accounts: [account('empty', 20001)] });
    actual.accounts.set('empty', { entry: entry('empty', 20001), expiryDay: null });
    expect(planChanges(desired, actual)).toMatchObject([
      { kind: 'keys-remove', name: 'deny', scimId: 'x-deny', because: 'this node refuses the account' },
      { kind: 'keys-remove', name: 'empty', scimId: 'u-empty', because: 'no key is left' },
      { kind: 'keys-remove', name: 'stray', scimId: null },
    ]);
    expect(plan(desired, actual)).toHaveLength(3);
  });

  it('tells first keys, further ones, fewer ones, others and renewals apart', () => {
    const file = (...texts: string[]) => texts.map((text) => `ssh-ed25519 ${btoa(text)} u\n`).join('');
    const why = (before: string | null, ...after: string[]) => {
      const actual = host(entry('ann', 20001));
      if (before !== null) actual.keyFiles.set('ann', before);
      return planChanges(
        makeDesired({ accounts: [account('ann', 20001, { credentials: credentials(...after) })] }),
        actual,
      ).map((change) => change.because);
    };
    expect(why(null, 'a')).toEqual(['first key']);
    expect(why(null, 'a', 'b')).toEqual(['first keys']);
    expect(why(file('a'), 'a', 'b')).toEqual(['the store lists another key']);
    expect(why(file('a', 'b'), 'a')).toEqual(['the store lists a key no longer, or it is refused']);
    expect(why(file('a'), 'b')).toEqual(['the store lists other keys']);
    expect(why(file('a'), 'a')).toEqual(['the expiry of the keys moves']);
  });
});

describe('planChanges, groups', () => {
  it('makes the managed group with the first account, and not on a node without accounts', () => {
    expect(plan(makeDesired({}), makeHost())).toEqual([]);
    const desired = makeDesired({ accounts: [disabled('gone', 20001)] });
    expect(planChanges(desired, makeHost()).map(({ because }) => because)).toContain(
      'every managed account is in it',
    );
  });

  it('makes groups and gives a line another gid', () => {
    const desired = makeDesired({
      groups: [{ scimId: 'g', name: 'team', gid: 32000, members: [], sudo: false }],
    });
    expect(planChanges(desired, makeHost()).map(({ because }) => because)).toEqual([
      'the store has this group',
    ]);
    expect(plan(desired, makeHost())).toEqual(['group-create team']);
    const actual = host();
    actual.groups.set('team', { name: 'team', gid: 5, members: ['local'] });
    expect(plan(desired, actual)).toEqual(['group-alter team']);
    expect(actual.groups.get('team')).toEqual({ name: 'team', gid: 32000, members: ['local'] });
  });

  it('keeps members that are not managed or have no record, and removes the rest', () => {
    const actual = host(entry('gone', 20001), entry('quiet', 20002));
    const members = ['gone', 'local', 'old', 'quiet', 'deny'];
    actual.groups.set('team', { name: 'team', gid: 32000, members });
    const desired = makeDesired({
      accounts: [disabled('gone', 20001)],
      groups: [{ scimId: 'g', name: 'team', gid: 32000, members: [], sudo: false }],
      leftovers: [leftover('old', 'remove'), leftover('quiet', 'leave'), leftover('deny', 'deny')],
    });
    const changes = planChanges(desired, actual);
    expect(
      changes.find((change) => change.kind === 'member-remove' && change.member === 'gone'),
    ).toMatchObject({
      scimId: 'u-gone',
      because: 'the store says active: false',
    });
    plan(desired, actual);
    expect(actual.groups.get('team')!.members).toEqual(['local', 'quiet']);
  });

  it('keeps each managed account in the managed group, even one that is refused here', () => {
    const actual = host(entry('deny', 20001));
    actual.groups.set('sunk-users', { name: 'sunk-users', gid: 9999, members: ['local', 'deny', 'taken'] });
    const desired = makeDesired({ leftovers: [leftover('deny', 'deny'), leftover('taken', 'deny')] });
    expect(plan(desired, actual)).toEqual(['member-remove sunk-users taken']);
  });

  it('adds accounts with another primary group to the managed group', () => {
    const managedGroup = { name: 'sunk-users', gid: 9999, members: ['ann'] };
    const desired = makeDesired({ managedGroup, accounts: [account('ann', 20001)] });
    expect(plan(desired, host(entry('ann', 20001)))).toEqual(['member-add sunk-users ann']);
  });

  it('removes expired groups with their managed members, and keeps groups without a record, but for members without access', () => {
    const actual = host(entry('ann', 20001), entry('gone', 20002));
    actual.groups.set('over', { name: 'over', gid: 32000, members: ['ann', 'local'] });
    actual.groups.set('unlisted', { name: 'unlisted', gid: 32001, members: ['ann', 'gone', 'local', 'old'] });
    actual.groups.set('deny', { name: 'deny', gid: 32002, members: ['ann'] });
    const desired = makeDesired({
      accounts: [account('ann', 20001), disabled('gone', 20002)],
      leftovers: [
        leftover('over', 'remove', 'group'),
        leftover('unlisted', 'leave', 'group'),
        leftover('deny', 'deny', 'group'),
        leftover('never', 'remove', 'group'),
        leftover('sunk-users', 'remove', 'group'),
        leftover('old', 'remove'),
      ],
    });
    expect(plan(desired, actual)).toEqual([
      'account-close gone',
      'sessions-end gone',
      'member-remove over ann',
      'member-remove unlisted gone',
      'member-remove unlisted old',
      'group-remove over',
      'jobs-disable gone',
    ]);
    expect(actual.groups.get('deny')!.members).toEqual(['ann']);
    expect(actual.groups.has('sunk-users')).toBe(true);
  });

  it('does not touch a local group with the name of the managed group', () => {
    const refusals = [{ scimId: '', kind: 'Group', code: 'marker-taken', detail: '' }] as const;
    expect(plan(makeDesired({ refusals }), makeHost())).toEqual([]);
  });

  it('marks who gets sudo', () => {
    const groups = [{ scimId: 'g', name: 'admins', gid: 32000, members: ['ann'], sudo: true }];
    const changes = planChanges(
      makeDesired({ groups, accounts: [account('ann', 20001)] }),
      host(entry('ann', 20001)),
    );
    expect(changes).toContainEqual(
      expect.objectContaining({ kind: 'member-add', scimId: 'u-ann', sudo: true }),
    );
  });
});

describe('planChanges, sudoers', () => {
  it('writes, replaces and removes our file', () => {
    const actual = host(entry('alice', 20001), entry('bob', 20002));
    const accounts = [account('alice', 20001), account('bob', 20002)];
    const admins = (...members: string[]) => [
      { scimId: 'g', name: 'admins', gid: 32000, members, sudo: true },
    ];
    const planned = (desired: DesiredState): string[] =>
      plan(desired, actual).filter((line) => line.startsWith('sudoers-'));
    expect(planned(makeDesired({ accounts, groups: admins('alice') }))).toEqual(['sudoers-write sunk-agent']);
    expect(actual.sudoers).toMatch(/^#20001 ALL=/m);
    expect(planned(makeDesired({ accounts, groups: admins('alice', 'bob') }))).toHaveLength(1);
    expect(actual.sudoers).toMatch(/^#20001 .*\n#20002 /m);
    expect(planned(makeDesired({ accounts, groups: admins('alice', 'bob') }))).toEqual([]);
    expect(planned(makeDesired({ accounts, groups: admins() }))).toEqual(['sudoers-remove sunk-agent']);
  });

  it('follows the memberships that go, not those that are held', () => {
    const actual = host(entry('alice', 20001), entry('bob', 20002));
    actual.groups.set('admins', { name: 'admins', gid: 32000, members: ['alice'] });
    actual.sudoers = renderSudoers([20001], new Map());
    const desired = makeDesired({
      accounts: [account('alice', 20001), account('bob', 20002)],
      groups: [{ scimId: 'g', name: 'admins', gid: 32000, members: ['bob'], sudo: true }],
    });
    const changes = planChanges(desired, actual);
    const settle = (isLetThrough: (change: Change) => boolean): string[] =>
      settleSudoers(changes.filter(isLetThrough), changes, desired, actual).flatMap((change) =>
        change.kind === 'sudoers-write' || change.kind === 'sudoers-revoke'
          ? [`${change.kind} ${[...readSudoersUids(change.text)].join()}`]
          : change.kind === 'root-shells-end'
            ? [`${change.kind} ${change.uid}`]
            : [],
      );
    expect(settle(() => true)).toEqual(['sudoers-revoke ', 'root-shells-end 20001', 'sudoers-write 20002']);
    expect(settle(({ kind }) => kind !== 'member-add')).toEqual(['root-shells-end 20001']);
    expect(settle(({ kind }) => kind !== 'member-add' && kind !== 'member-remove')).toEqual([]);
    expect(settle(({ kind }) => kind !== 'member-remove')).toEqual(['sudoers-write 20001,20002']);
    // Nothing of sudo is let through: no one gains, and no one keeps more than a membership.
    expect(settle(({ kind }) => kind === 'keys-write')).toEqual([]);
  });

  it('takes the rule of a person who leaves also while the change of the file is held', () => {
    const actual = host(entry('alice', 20001), entry('bob', 20002));
    actual.sudoers = renderSudoers([20001, 20002], new Map());
    const desired = makeDesired({ accounts: [disabled('alice', 20001), account('bob', 20002)] });
    const changes = planChanges(desired, actual);
    const go = changes.filter(({ kind }) => kind === 'account-close');
    expect(settleSudoers(go, changes, desired, actual)).toMatchObject([
      { kind: 'account-close' },
      {
        kind: 'sudoers-revoke',
        text: renderSudoers([20002], new Map()),
        leavers: [{ uid: 20001, keepsAccount: false }],
      },
    ]);
    expect(settleSudoers([], changes, desired, actual)).toEqual([]);
  });

  it('ends root shells once more where they were not ended, and never only because the store was not read', () => {
    const actual = host(entry('alice', 20001), entry('bob', 20002));
    actual.rootShells.add(20001);
    const accounts = [account('alice', 20001), account('bob', 20002)];
    const ended = (desired: DesiredState): string[] =>
      planChanges(desired, actual).flatMap((change) =>
        change.kind === 'root-shells-end' ? [change.name] : [],
      );
    expect(ended(makeDesired({ accounts }))).toEqual(['alice']);
    actual.rootShells.clear();
    actual.sudoers = renderSudoers([20001, 20002], new Map());
    const unread = makeDesired({
      accounts: [disabled('alice', 20001), account('bob', 20002)],
      grantsSudo: false,
    });
    expect(ended(unread)).toEqual([]);
    expect(ended(makeDesired({ accounts }))).toEqual(['alice', 'bob']);
  });
});

describe('planChanges, the reason on each change', () => {
  /** What is planned, with its reason: `KIND NAME: REASON`. */
  const reasons = (desired: DesiredState, actual: ModelHost): string[] =>
    planChanges(desired, actual).map(({ kind, name, because }) => `${kind} ${name}: ${because}`);

  it.each([
    ['inactive', 'the store says active: false'],
    ['absent', 'the store no longer has this person'],
    ['no-access-group', 'is in no access group'],
    ['blocked', 'an operator blocked this person'],
    ['not-listed-here', 'access.users does not list this person'],
    ['grant-ended', 'the grant of an operator has ended'],
    ['retired', 'an operator retired this account, which the store does not have'],
  ] as const)('is the same for all that goes with a closing: %s', (why, because) => {
    const actual = host(entry('gone', 20001));
    actual.keyFiles.set('gone', 'text\n');
    actual.groups.set('team', { name: 'team', gid: 32000, members: ['gone'] });
    const desired = makeDesired({
      accounts: [{ ...disabled('gone', 20001), disabled: why }],
      groups: [{ scimId: 'g', name: 'team', gid: 32000, members: [], sudo: false }],
    });
    expect(reasons(desired, actual)).toEqual([
      `keys-remove gone: ${because}`,
      `account-close gone: ${because}`,
      `sessions-end gone: ${because}`,
      `member-remove team: ${because}`,
      `jobs-disable gone: ${because}`,
    ]);
  });

  it('says whose time is over, who is back and what the store no longer lists', () => {
    const actual = host(entry('back', 20001, { shell: '/usr/sbin/nologin' }), entry('old', 20002));
    actual.offboarded.set(20001, { needsHook: false });
    actual.keyFiles.set('back', 'text\n');
    actual.keyFiles.set('stray', 'text\n');
    actual.groups.set('team', { name: 'team', gid: 32000, members: ['back'] });
    actual.groups.set('over', { name: 'over', gid: 32001, members: ['back'] });
    actual.sudoers = 'rules';
    const desired = makeDesired({
      managedGroup: { name: 'sunk-users', gid: 9999, members: ['back'] },
      accounts: [account('back', 20001)],
      groups: [
        { scimId: 'g', name: 'team', gid: 32000, members: [], sudo: false },
        { scimId: 'h', name: 'crew', gid: 32002, members: ['back'], sudo: false },
      ],
      leftovers: [leftover('old', 'remove'), leftover('over', 'remove', 'group')],
    });
    expect(reasons(desired, actual)).toEqual([
      'keys-remove back: the store lists no key that may be used',
      'keys-remove stray: no managed account has this name any more',
      'sudoers-remove sunk-agent: no member of a sudo group is confirmed by the store',
      'member-remove over: the group goes',
      'member-remove team: the store no longer lists this member',
      'group-remove over: the configuration or the store no longer has this group',
      'jobs-disable old: accounts.retention is over; the uid stays bound',
      'account-remove old: accounts.retention is over; the uid stays bound',
      'group-create crew: the store has this group',
      'account-reopen back: is in an access group again',
      'member-add crew: the store lists this member',
      'member-add sunk-users: the primary group is another one',
      'jobs-restore back: may log in again',
    ]);
  });

  it('names each field of a line that changed', () => {
    const actual = host(entry('ann', 20001, { uid: 1, gid: 2, gecos: 'x', dir: '/x', shell: '/bin/sh' }));
    expect(reasons(makeDesired({ accounts: [account('ann', 20001)] }), actual)).toEqual([
      'sessions-end ann: the account gets another uid',
      'account-alter ann: uid, primary gid, display name, home, shell changed',
    ]);
  });

  it('names who is removed from a group without a record; of who is in neither ledger nor store, only keys go', () => {
    const actual = host(entry('new', 20002));
    actual.groups.set('unlisted', { name: 'unlisted', gid: 32001, members: ['former', 'odd'] });
    actual.groups.set('sunk-users', { name: 'sunk-users', gid: 9999, members: ['odd'] });
    actual.keyFiles.set('odd', 'text\n');
    const desired = makeDesired({
      accounts: [account('new', 20002)],
      leftovers: [
        { ...leftover('odd', 'deny'), scimId: 'unknown:odd' },
        leftover('former', 'remove'),
        leftover('unlisted', 'leave', 'group'),
      ],
    });
    const because = 'is in the managed group, but neither the ledger nor the store knows this account';
    expect(reasons(desired, actual)).toEqual([
      `keys-remove odd: ${because}`,
      'member-remove unlisted: is disabled',
    ]);
  });

  it('tells of the operator’s word that extended the keys', () => {
    const extension = { scimId: 'u-ann', confirmedAt: 1, until: 1_800_000_000, at: 1, by: 'root' };
    const desired = makeDesired({
      accounts: [account('ann', 20001, { credentials: credentials('a'), extension })],
    });
    expect(reasons(desired, host(entry('ann', 20001)))).toEqual([
      'keys-write ann: first key; root extended them until 2027-01-15T08:00:00Z',
    ]);
  });

  it('sorts members of a group by name, and fingerprints', () => {
    const line = (text: string) => `ssh-ed25519 ${btoa(text)} u\n`;
    const texts = ['a', 'b', 'c', 'd', 'e'];
    const actual = host(entry('ann', 20001), entry('ben', 20002));
    actual.keyFiles.set('ann', texts.map(line).join(''));
    const keys = credentials('v', 'w', 'x', 'y', 'z');
    const changes = planChanges(
      makeDesired({
        accounts: [account('ann', 20001, { credentials: keys }), account('ben', 20002)],
        groups: [{ scimId: 'g', name: 'team', gid: 1, members: ['ben', 'ann'], sudo: false }],
      }),
      actual,
    );
    expect(summarise(changes)).toEqual([
      'group-create team',
      'member-add team ann',
      'member-add team ben',
      'keys-write ann',
    ]);
    const written = changes.find((change) => change.kind === 'keys-write')!;
    expect(written.gained).toEqual(keys.map(({ fingerprint }) => fingerprint).sort());
    expect(written.lost).toEqual(listFingerprints(texts.map(line).join('')).sort());
  });
});

describe('planChanges, whose line it is', () => {
  it('takes over no line of another name where the new name has a line already', () => {
    const actual = host(entry('old', 20001), entry('new', 20002));
    const desired = makeDesired({ accounts: [account('new', 20001)] });
    expect(summarise(planChanges(desired, actual))).toEqual(['sessions-end new', 'account-alter new']);
    expect(planChanges(desired, actual)[1]).toMatchObject({ before: { name: 'new', uid: 20002 } });
  });

  it('moves no line of another desired user, even where an interrupted sync left both with one uid', () => {
    const actual = host(entry('ann', 20001));
    const desired = makeDesired({ accounts: [account('ann', 20001), account('eve', 20001)] });
    expect(summarise(planChanges(desired, actual))).toEqual(['account-create eve']);
  });

  it('takes no group for a person of the same name', () => {
    const actual = host(entry('team', 20001));
    actual.groups.set('crew', { name: 'crew', gid: 32000, members: ['team'] });
    actual.keyFiles.set('team', 'text\n');
    const desired = makeDesired({
      groups: [{ scimId: 'g', name: 'crew', gid: 32000, members: [], sudo: false }],
      leftovers: [leftover('team', 'remove', 'group')],
    });
    expect(planChanges(desired, actual)).toMatchObject([{ kind: 'keys-remove', name: 'team', scimId: null }]);
  });

  it('takes no person for a group of the same name, and keeps a group that another record has now', () => {
    const actual = host();
    for (const name of ['same', 'kept']) actual.groups.set(name, { name, gid: 32000, members: ['local'] });
    const desired = makeDesired({
      groups: [{ scimId: 'g', name: 'kept', gid: 32000, members: [], sudo: false }],
      leftovers: [leftover('same', 'remove'), leftover('kept', 'remove', 'group')],
    });
    expect(planChanges(desired, actual)).toEqual([]);
  });

  it('fills the managed group whatever else is refused, but not where it is a local group', () => {
    const taken = { scimId: '', kind: 'Group', code: 'marker-taken', detail: '' } as const;
    const other = { scimId: 'x', kind: 'User', code: 'uid-bound', detail: '' } as const;
    const desired = makeDesired({
      managedGroup: { name: 'sunk-users', gid: 9999, members: ['ann'] },
      accounts: [account('ann', 20001)],
    });
    const made = (refusals: DesiredState['refusals']) =>
      summarise(planChanges({ ...desired, refusals }, host(entry('ann', 20001))));
    expect(made([other])).toEqual(['member-add sunk-users ann']);
    expect(made([other, taken])).toEqual([]);
  });

  it('gives no sudo by a group without it, and keeps refused accounts out of a group', () => {
    const actual = host(entry('deny', 20001), entry('ann', 20002));
    actual.groups.set('team', { name: 'team', gid: 32000, members: ['deny'] });
    const desired = makeDesired({
      accounts: [account('ann', 20002)],
      groups: [{ scimId: 'g', name: 'team', gid: 32000, members: ['ann'], sudo: false }],
      leftovers: [leftover('deny', 'deny')],
    });
    const changes = planChanges(desired, actual);
    expect(summarise(changes)).toEqual(['member-remove team deny', 'member-add team ann']);
    expect(changes[1]).toMatchObject({ sudo: false });
  });
});

describe('planChanges, what an operator decided', () => {
  const reasons = (desired: DesiredState, actual: ModelHost): string[] =>
    planChanges(desired, actual).map(({ kind, name, because }) => `${kind} ${name}: ${because}`);

  it('says which group goes because only dropped accounts have it, and which gets another gid', () => {
    const actual = host();
    actual.groups.set('dropped', { name: 'dropped', gid: 32000, members: ['local'] });
    actual.groups.set('moved', { name: 'moved', gid: 5, members: [] });
    const desired = makeDesired({
      groups: [{ scimId: 'g', name: 'moved', gid: 32001, members: [], sudo: false }],
      leftovers: [{ scimId: 'x', kind: 'group', name: 'dropped', fate: 'drop' }],
    });
    expect(reasons(desired, actual)).toEqual([
      'group-remove dropped: only accounts that an operator dropped have this group',
      'group-alter moved: an operator decided so (sunk-agent rebind)',
    ]);
  });

  it('publishes the lines of a former publisher, a retired account without its keys', () => {
    const line = { line: 'text', keys: 'keys', isDisabled: false };
    const carried = [
      { ...line, kind: 'group' as const, name: 'team', id: 31000 },
      { ...line, kind: 'account' as const, name: 'ann', id: 20001 },
      { ...line, kind: 'account' as const, name: 'bob', id: 20002, isDisabled: true },
    ];
    const changes = planChanges(makeDesired({ carried }), makeHost());
    expect(changes).toEqual([
      {
        kind: 'group-inherit',
        scimId: null,
        name: 'team',
        line: 'text',
        gid: 31000,
        because: 'the former publisher has this group',
      },
      {
        kind: 'account-inherit',
        scimId: null,
        name: 'ann',
        line: 'text',
        uid: 20001,
        keys: 'keys',
        isDisabled: false,
        because: 'the former publisher has this account, and the store does not',
      },
      {
        kind: 'account-inherit',
        scimId: null,
        name: 'bob',
        line: 'text',
        uid: 20002,
        keys: null,
        isDisabled: true,
        because: 'the former publisher has this account, and an operator retired it',
      },
    ]);
  });
});

describe('planChanges, the managed group', () => {
  it('gives no sudo, lists the canary for its trial logins, and says so', () => {
    const managedGroup = { name: 'sunk-users', gid: 9999, members: ['sunk-canary'] };
    expect(planChanges(makeDesired({ managedGroup }), host())).toMatchObject([
      {
        kind: 'member-add',
        member: 'sunk-canary',
        sudo: false,
        because: 'its trial logins go the way of a user’s (canary.every)',
      },
    ]);
  });

  it('is left by an account whose primary group it is from now on', () => {
    const actual = host(entry('ann', 20001));
    actual.groups.set('sunk-users', { name: 'sunk-users', gid: 9999, members: ['ann'] });
    expect(plan(makeDesired({ accounts: [account('ann', 20001)] }), actual)).toEqual([
      'member-remove sunk-users ann',
    ]);
  });

  it('says that a group was made for the primary gid of an account', () => {
    const desired = makeDesired({
      accounts: [account('bob', 20002), account('ann', 20001)],
      groups: [{ scimId: 'u-ann', name: 'ann', gid: 20001, members: [], sudo: false }],
    });
    const actual = host(entry('ann', 20001), entry('bob', 20002));
    expect(planChanges(desired, actual)).toMatchObject([
      { kind: 'group-create', name: 'ann', because: 'the primary group of an account' },
    ]);
  });
});

describe('planChanges, a line', () => {
  it.each([
    ['gid', { gid: 5 }, 'primary gid'],
    ['gecos', { gecos: 'x' }, 'display name'],
    ['dir', { dir: '/x' }, 'home'],
    ['shell', { shell: '/bin/sh' }, 'shell'],
  ] as const)('is altered where only %s differs', (_, before, what) => {
    const changes = planChanges(
      makeDesired({ accounts: [account('ann', 20001)] }),
      host(entry('ann', 20001, before)),
    );
    expect(changes).toMatchObject([{ kind: 'account-alter', because: `${what} changed` }]);
  });

  it('of a person who returns under another uid gets it before the account is enabled', () => {
    const actual = host(entry('ann', 5, { shell: '/usr/sbin/nologin' }));
    expect(summarise(planChanges(makeDesired({ accounts: [account('ann', 20001)] }), actual))).toEqual([
      'sessions-end ann',
      'account-alter ann',
      'account-reopen ann',
    ]);
  });

  it('that goes ends sessions only where some may be there', () => {
    const removed = (shell: string) => {
      const actual = { ...host(entry('old', 20001, { shell })), sessions: null };
      return summarise(planChanges(makeDesired({ leftovers: [leftover('old', 'remove')] }), actual));
    };
    expect(removed('/bin/bash')).toContain('sessions-end old');
    expect(removed('/usr/sbin/nologin')).not.toContain('sessions-end old');
  });
});

describe('planChanges, homes', () => {
  const missing = { found: 'missing', uid: null, parent: 'closed', detail: '' } as const;
  const homes = (home: HomeOnHost | null, more: Partial<DesiredState> = {}) => {
    const actual = host(entry('ann', 20001));
    if (home !== null) actual.homes.set('/home/ann', home);
    const desired = makeDesired({ accounts: [account('ann', 20001)], makesHomes: true, ...more });
    return summarise(planChanges(desired, actual));
  };

  it('are made where none is, below a directory in which no other user can replace it', () => {
    expect(homes(null)).toEqual(['home-create ann']);
    expect(homes(missing)).toEqual(['home-create ann']);
    expect(homes({ ...missing, parent: 'sticky' })).toEqual(['home-create ann']);
    expect(homes({ ...missing, parent: 'open' })).toEqual([]);
    expect(homes({ ...missing, found: 'directory' })).toEqual([]);
  });

  it('are not made where all people have one', () => {
    expect(homes(missing, { sharedHome: '/home/ann' })).toEqual([]);
  });
});

it('keys are written until the last of them ends, or without an end', () => {
  const until = (...ends: (number | null)[]) => {
    const keys = credentials('a', 'b').map((key, n) => ({ ...key, expiresAt: ends[n] ?? null }));
    const accounts = [account('ann', 20001, { credentials: keys })];
    return planChanges(makeDesired({ accounts }), host(entry('ann', 20001)));
  };
  expect(until(EXPIRY, EXPIRY + 60)).toMatchObject([{ kind: 'keys-write', until: EXPIRY + 60 }]);
  expect(until(EXPIRY + 60, EXPIRY)).toMatchObject([{ until: EXPIRY + 60 }]);
  expect(until(EXPIRY, null)).toMatchObject([{ until: null }]);
  expect(until(null, EXPIRY)).toMatchObject([{ until: null }]);
});

describe('keys that leave', () => {
  it('are those of people whose file is rewritten or goes, and of no stray file', () => {
    const line = (text: string) => `ssh-ed25519 ${btoa(text)} u\n`;
    const [first = '', second = ''] = listFingerprints(line('a') + line('b'));
    const common = { name: 'ann', because: '' };
    const changes: Change[] = [
      { ...common, scimId: 'u-ann', kind: 'keys-write', until: null, text: '', gained: [], lost: [first] },
      { ...common, scimId: 'u-bob', name: 'bob', kind: 'keys-remove' },
      { ...common, scimId: null, name: 'stray', kind: 'keys-remove' },
      { ...common, scimId: 'u-eve', name: 'eve', kind: 'keys-remove' },
      { ...common, scimId: 'u-bob', name: 'bob', kind: 'sessions-end', uid: 1 },
    ];
    const keyFiles = new Map([
      ['bob', line('b')],
      ['stray', line('a')],
    ]);
    expect(listLeavingKeys(changes, keyFiles)).toEqual([
      { fingerprint: first, scimId: 'u-ann' },
      { fingerprint: second, scimId: 'u-bob' },
    ]);
  });
});

describe('the end of a sudo rule', () => {
  const END = 1_900_000_000;
  const admins = [{ scimId: 'g', name: 'admins', gid: 32000, members: ['alice'], sudo: true }];
  const node = (sudoers: string): ModelHost => {
    const actual = host(entry('alice', 20001));
    actual.groups.set('admins', { name: 'admins', gid: 32000, members: ['alice'] });
    actual.sudoers = sudoers;
    return actual;
  };
  const desiredBy = (ends: [string, number][]): DesiredState =>
    makeDesired({ accounts: [account('alice', 20001)], groups: admins, sudoEnds: new Map(ends) });

  it('comes with a grant and goes with a membership of the store', () => {
    const timed = renderSudoers([20001], new Map([[20001, END]]));
    expect(planChanges(desiredBy([['alice', END]]), node(renderSudoers([20001], new Map())))).toMatchObject([
      { kind: 'sudoers-write', text: timed },
    ]);
    expect(planChanges(desiredBy([]), node(timed))).toMatchObject([
      { kind: 'sudoers-write', text: renderSudoers([20001], new Map()) },
    ]);
  });

  it('is not moved while the change of the file is held', () => {
    const desired = desiredBy([['alice', END]]);
    const actual = node(renderSudoers([20001], new Map()));
    const changes = planChanges(desired, actual);
    expect(settleSudoers([], changes, desired, actual)).toEqual([]);
    expect(settleSudoers(changes, changes, desired, actual)).toEqual(changes);
  });
});
