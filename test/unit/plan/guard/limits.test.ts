// The limits one by one, with plans made by hand: what each counts, what is held with it, and its reason.
import { NO_QUESTIONS } from '../../../../src/policy/name-services.ts';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../../src/plan/change.ts';
import { guard } from '../../../../src/plan/guard/guard.ts';
import type { GuardQuestion, GuardVerdict } from '../../../../src/plan/guard/guard-model.ts';
import type {
  DisabledBecause,
  DesiredAccount,
  DesiredState,
  Refusal,
  StoredGroup,
} from '../../../../src/policy/model.ts';
import { makeConfig, makeGroup, makeUser, NOW } from '../../../support/records/organisation.ts';
import { makeHost } from '../../../support/records/model-host.ts';

const ACCESS = 'access: { groups: [{ name: slurm-users, id: g-users }] }';

interface Case {
  readonly closed?: Readonly<Record<number, DisabledBecause>>;
  /** Numbers of people whose account is disabled already. */
  readonly disabled?: readonly number[];
  readonly done?: readonly (readonly [n: number, kind: string])[];
  readonly groupsDone?: number;
  readonly teams?: number;
  readonly access?: string;
  readonly groups?: readonly StoredGroup[];
  /** The store has no users. */
  readonly isEmpty?: boolean;
  readonly approved?: readonly string[];
  readonly heldSince?: ReadonlyMap<string, number>;
  readonly desired?: Partial<DesiredState>;
  readonly now?: number;
  readonly freezeReason?: string;
}

const entryOf = (n: number) => ({
  name: `p${n}`,
  uid: 20100 + n,
  gid: 9999,
  gecos: '',
  dir: `/home/p${n}`,
  shell: '/bin/bash',
});
const keyOf = (n: number) => ({
  type: 'ssh-ed25519',
  base64: 'AAAA',
  fingerprint: `SHA256:${n}`,
  expiresAt: null,
  source: `u-p${n}`,
});

/** The guard's verdict on a plan for a node on which 50 people, p1 to p50, have been for long. */
function ask(changes: readonly Change[], more: Case = {}): GuardVerdict {
  const numbers = Array.from({ length: 50 }, (_, index) => index + 1);
  const accounts = numbers.map((n): DesiredAccount => ({
    scimId: `u-p${n}`,
    entry: entryOf(n),
    disabled: more.closed?.[n] ?? null,
    credentials: [keyOf(n)],
    extension: null,
    needsManagedGroup: false,
  }));
  const actual = makeHost();
  const disabled = new Set(more.disabled);
  for (const n of numbers) {
    actual.accounts.set(`p${n}`, { entry: entryOf(n), expiryDay: disabled.has(n) ? 1 : null });
    actual.keyFiles.set(`p${n}`, 'text\n');
  }
  actual.groups.set('sunk-users', { name: 'sunk-users', gid: 9999, members: [] });
  for (let n = 1; n < (more.teams ?? 1); n += 1) {
    actual.groups.set(`t${n}`, { name: `t${n}`, gid: 32000 + n, members: [] });
  }
  const members = numbers.map((n) => `u-p${n}`);
  const groups = more.groups ?? [makeGroup('users', 31000, members, { name: 'slurm-users' })];
  const question: GuardQuestion = {
    changes,
    desired: {
      managedGroup: { name: 'sunk-users', gid: 9999, members: [] },
      accounts,
      groups: groups.map(({ record }) => ({
        scimId: record.id,
        name: record.name,
        gid: 1,
        members: [],
        sudo: false,
      })),
      sudoEnds: new Map(),
      endedGrants: new Set(),
      grantsSudo: true,
      expiry: { zulu: true, timeZone: 'UTC' },
      bindings: [],
      leftovers: [],
      makesHomes: false,
      sharedHome: null,
      hasHook: false,
      questions: NO_QUESTIONS,
      carried: [],
      refusals: [],
      ...more.desired,
    },
    actual,
    users: numbers.map((n) => ({ ...makeUser(`p${n}`, 20100 + n), absent: more.isEmpty === true })),
    groups,
    config: makeConfig(`${more.access ?? ACCESS}\naccounts: { domains: [example.com] }`),
    record: {
      done: [
        ...(more.done ?? []).map(([n, kind]) => ({ at: NOW - 60, scimId: `u-p${n}`, kind })),
        ...Array.from({ length: more.groupsDone ?? 0 }, (_, index) => ({
          at: NOW - 60,
          scimId: `gone-${index}`,
          kind: 'group-remove',
        })),
      ],
      heldSince: more.heldSince ?? new Map(),
    },
    approved: new Set(more.approved),
    freezeReason: more.freezeReason ?? null,
    now: more.now ?? NOW,
  };
  return guard(question);
}

const person = (n: number) => ({ scimId: `u-p${n}`, name: `p${n}`, because: 'test' });
const close = (n: number, reason: DisabledBecause): Change => ({
  ...person(n),
  kind: 'account-close',
  entry: entryOf(n),
  reason,
});
const leave = (n: number, group: string): Change => ({
  ...person(n),
  kind: 'member-remove',
  name: group,
  member: `p${n}`,
});
const loseKeys = (n: number): Change => ({ ...person(n), kind: 'keys-remove' });
const removeLine = (n: number): Change => ({ ...person(n), kind: 'account-remove', entry: entryOf(n) });
const write = (n: number, gained: string[], lost: string[]): Change => ({
  ...person(n),
  kind: 'keys-write',
  until: null,
  text: 'x',
  gained,
  lost,
});
const removeGroup = (n: number): Change => ({
  scimId: `g-t${n}`,
  name: `t${n}`,
  kind: 'group-remove',
  gid: 32000 + n,
  because: 'test',
});
const numbers = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);
const closedFor = (list: readonly number[], reason: DisabledBecause) =>
  Object.fromEntries(list.map((n) => [n, reason]));
const reasons = (verdict: GuardVerdict): string[] => verdict.held.map(({ reason }) => reason);
const OVER = 'within 24 h; limits.max_loss allows 5';

describe('what is held says how many, of how many, and which limit', () => {
  it('for people who are deactivated, at once or after others who were', () => {
    const six = numbers(1, 6);
    const closed = closedFor(six, 'inactive');
    expect(
      reasons(
        ask(
          six.map((n) => close(n, 'inactive')),
          { closed },
        ),
      ),
    ).toEqual([`6 of 50 people would be deactivated or otherwise lose access ${OVER}`]);
    for (const kind of ['account-close', 'keys-remove', 'account-remove']) {
      const done = numbers(7, 9).map((n) => [n, kind] as const);
      const more = {
        closed: { ...closed, ...closedFor(numbers(7, 9), 'inactive') },
        disabled: numbers(7, 9),
        done,
      };
      const changes = numbers(1, 3).map((n) => close(n, 'inactive'));
      expect(reasons(ask(changes, more))).toEqual([
        `6 of 50 people would be deactivated or otherwise lose access ${OVER}`,
      ]);
      expect(ask(changes.slice(1), more).held).toEqual([]);
    }
  });

  it('for implied losses, together with the explicit ones of the same sync', () => {
    const closed = {
      ...closedFor(numbers(1, 3), 'inactive'),
      ...closedFor(numbers(4, 6), 'no-access-group'),
    };
    const explicit = numbers(1, 3).map((n) => close(n, 'inactive'));
    const implied = numbers(4, 6).map((n) => close(n, 'no-access-group'));
    const verdict = ask([...explicit, ...implied], { closed });
    expect(reasons(verdict)).toEqual([
      `6 of 50 people would lose access without an explicit revocation by the store ${OVER}`,
    ]);
    expect(verdict.go).toEqual(explicit);
    expect(verdict.held[0]).toMatchObject({ kind: 'loss', changes: implied, actsAt: null });
    expect(ask([...explicit, ...implied.slice(1)], { closed }).held).toEqual([]);
  });

  it('for keys and memberships, with those that went before, but without people who lost all access', () => {
    const changes = numbers(1, 3).map((n) => leave(n, 't1'));
    for (const kind of ['member-remove', 'keys-write:drop-keys']) {
      const done = numbers(7, 9).map((n) => [n, kind] as const);
      expect(reasons(ask(changes, { done }))).toEqual([
        `6 of 50 people would lose keys or memberships ${OVER}`,
      ]);
      expect(ask(changes.slice(1), { done }).held).toEqual([]);
      const out = numbers(7, 9).map((n) => [n, 'account-close'] as const);
      expect(ask(changes, { done: [...done, ...out] }).held).toEqual([]);
    }
  });

  it('for groups, with their memberships, while disabled users leave them', () => {
    const teams = 50;
    const five = numbers(1, 5).map(removeGroup);
    expect(ask(five, { teams }).held).toEqual([]);
    const closed = closedFor([3], 'inactive');
    const kept = [leave(3, 't1'), leave(2, 't20')];
    const waits = [leave(1, 't1'), ...numbers(1, 6).map(removeGroup)];
    const verdict = ask([...kept, ...waits], { teams, closed });
    expect(reasons(verdict)).toEqual([`6 of 50 groups would go ${OVER}`]);
    expect(verdict.held).toMatchObject([{ kind: 'loss', actsAt: null }]);
    expect(new Set(verdict.held[0]!.changes)).toEqual(new Set(waits));
    expect(verdict.go).toEqual(kept);
  });

  it('for groups, with those that went within the window, which are counted among all', () => {
    const two = [removeGroup(1), removeGroup(2)];
    expect(reasons(ask(two, { teams: 46, groupsDone: 4 }))).toEqual([`6 of 50 groups would go ${OVER}`]);
    expect(ask(two.slice(1), { teams: 46, groupsDone: 4 }).held).toEqual([]);
    expect(ask([loseKeys(1)], { teams: 2, groupsDone: 30 }).held).toEqual([]);
  });
});

describe('what counts as a loss', () => {
  it('is the last key, or the line of a user who could log in, but no line that is disabled', () => {
    const six = numbers(1, 6);
    expect(ask(six.map(removeLine)).held).toHaveLength(1);
    expect(ask(six.map(removeLine), { disabled: six }).held).toEqual([]);
    const closed = closedFor(six, 'absent');
    const keysOfClosed = six.map((n) => loseKeys(n));
    expect(ask(keysOfClosed, { closed, disabled: six }).held).toEqual([]);
  });

  it('is not what merely completes a disabling', () => {
    const six = numbers(1, 6);
    const rest = six.map((n): Change => ({
      ...person(n),
      kind: 'jobs-disable',
      uid: 20100 + n,
      needsHook: false,
    }));
    const closed = closedFor(six, 'inactive');
    expect(ask(rest, { closed, disabled: six }).held).toEqual([]);
    expect(ask([...rest, ...six.map((n) => close(n, 'inactive'))], { closed }).held[0]!.changes).toHaveLength(
      12,
    );
  });

  it('counts a user once who lost access and has it again', () => {
    const done = numbers(1, 20).map((n) => [n, 'account-close'] as const);
    const changes = [close(30, 'absent')];
    expect(reasons(ask(changes, { done, closed: { 30: 'absent' } }))[0]).toMatch(/^21 of 50 people /);
    const gone = { done, closed: { ...closedFor(numbers(1, 20), 'absent'), 30: 'absent' } as const };
    expect(reasons(ask(changes, { ...gone, disabled: numbers(1, 20) }))[0]).toMatch(/^21 of 50 people /);
    const unknown = { done: [...done, [900, 'account-close'] as const], closed: { 30: 'absent' } as const };
    expect(reasons(ask(changes, unknown))[0]).toMatch(/^22 of 51 people /);
  });
});

describe('with a loss that is held waits', () => {
  it('what else would happen to that person, but no renewal of keys and no home', () => {
    const six = numbers(1, 6);
    const kept: Change[] = [
      write(1, [], []),
      { ...person(2), kind: 'home-create', uid: 1, gid: 1, dir: '/home/p2' },
      write(7, [], []),
    ];
    const waits: Change[] = [
      ...six.map((n) => leave(n, 't1')),
      { ...person(3), kind: 'member-add', name: 't2', member: 'p3', sudo: false },
      write(4, ['SHA256:new'], []),
      write(5, ['SHA256:new'], ['SHA256:old']),
    ];
    const verdict = ask([...kept, ...waits]);
    expect(verdict.go).toEqual(kept);
    expect(new Set(verdict.held.flatMap(({ changes }) => changes))).toEqual(new Set(waits));
  });

  it('the group that a user would leave, and no other', () => {
    const waits = [...numbers(1, 6).map((n) => leave(n, 't1')), removeGroup(1)];
    const kept = [removeGroup(2), { ...removeGroup(3), name: 'p1' }];
    const verdict = ask([...waits, ...kept], { teams: 50 });
    expect(verdict.go).toEqual(kept);
    expect(verdict.held).toHaveLength(1);
  });
});

describe('a group of access that is gone', () => {
  const users = makeGroup(
    'users',
    31000,
    [1, 2].map((n) => `u-p${n}`),
    { name: 'slurm-users' },
  );
  const goneUsers = { ...users, absent: true };
  const admins = makeGroup('admins', 31001, ['u-p1'], { name: 'slurm-admins' });
  const both = (list: string, sudo: string) => `access: { groups: [${list}], sudo_groups: [${sudo}] }`;
  const byId = '{ name: slurm-users, id: g-users }';
  const byName = '{ name: slurm-users }';

  it('holds the disabling of its members, by id as by name, and lets others who are in no group be disabled', () => {
    const closed = closedFor([1, 5], 'no-access-group');
    const changes = [close(1, 'no-access-group'), close(5, 'no-access-group')];
    for (const reference of [byId, byName]) {
      const verdict = ask(changes, { closed, groups: [goneUsers, admins], access: both(reference, '') });
      expect(verdict.held).toMatchObject([{ kind: 'vanished', changes: changes.slice(0, 1), actsAt: null }]);
      expect(verdict.go).toEqual(changes.slice(1));
      expect(reasons(verdict)).toEqual(['the store does not have a group that access names: slurm-users']);
    }
  });

  it('holds each disabling for want of a group whose members are unknown', () => {
    const closed = closedFor([1, 5], 'no-access-group');
    const changes = [close(1, 'no-access-group'), close(5, 'no-access-group')];
    const access = both(`${byId}, { name: never-seen, id: g-never }`, '');
    const verdict = ask(changes, { closed, groups: [goneUsers], access });
    expect(verdict.go).toEqual([]);
    expect(reasons(verdict)).toEqual([
      'the store does not have a group that access names: slurm-users, never-seen',
    ]);
    expect(ask(changes, { closed, groups: [users], access: both(byId, '') }).held).toEqual([]);
  });

  it('holds the group, and the memberships in it and no other, with the rules of sudo if it gave them', () => {
    const goneAdmins = { ...admins, absent: true };
    const rule = { ...person(1), scimId: null, text: '', leavers: [] };
    const rules: Change[] = [
      { ...rule, kind: 'sudoers-remove' },
      { ...rule, kind: 'sudoers-revoke' },
      { ...rule, kind: 'sudoers-write' },
    ];
    const groupGoes = { ...removeGroup(1), scimId: 'g-admins', name: 'slurm-admins' };
    const waits = [leave(1, 'slurm-admins'), groupGoes];
    const kept = [leave(2, 'slurm-users'), { ...removeGroup(2), scimId: null }];
    const access = both(byId, '{ name: slurm-admins, id: g-admins }');
    const verdict = ask([...waits, ...kept, ...rules], { groups: [users, goneAdmins], access, teams: 50 });
    expect(verdict.held).toMatchObject([{ kind: 'vanished' }]);
    expect(new Set(verdict.held[0]!.changes)).toEqual(new Set([...waits, ...rules]));
    expect(verdict.go).toEqual(kept);
    const other = ask([...kept, ...rules], { groups: [goneUsers, admins], access, teams: 50 });
    expect(other.go).toEqual([...kept.slice(1), ...rules]);
  });

  it('holds also what is only a lost membership of a user who stays', () => {
    const changes = [loseKeys(1), leave(1, 'slurm-users')];
    const verdict = ask(changes, { groups: [goneUsers], access: both(byId, '') });
    expect(verdict.held).toMatchObject([{ kind: 'vanished', changes }]);
  });
});

describe('an empty store', () => {
  const unknown: Change[] = [{ ...loseKeys(2), scimId: 'unknown:p2' }];

  it('disables no account, and removes no keys of an unknown one', () => {
    const closed = { ...closedFor([3], 'absent'), ...closedFor([4], 'no-access-group') };
    const changes = [...unknown, close(3, 'absent'), close(4, 'no-access-group')];
    const verdict = ask(changes, { isEmpty: true, closed });
    expect(verdict.held).toMatchObject([{ kind: 'vanished', actsAt: null }]);
    expect(reasons(verdict)).toEqual(['the store has no users at all']);
    expect(verdict.go).toEqual([]);
  });

  it('does not hold who is disabled for another reason, nor a membership, nor a key', () => {
    const closed = { ...closedFor([3], 'inactive'), ...closedFor([4], 'not-listed-here') };
    const changes = [
      close(3, 'inactive'),
      close(4, 'not-listed-here'),
      leave(5, 't1'),
      write(6, [], ['SHA256:6']),
    ];
    expect(ask(changes, { isEmpty: true, closed }).go).toEqual(changes);
    expect(ask(unknown).go).toEqual(unknown);
  });
});

describe('what would be added', () => {
  const giveSudo = (n: number): Change => ({
    ...person(n),
    kind: 'member-add',
    name: 'slurm-admins',
    member: `p${n}`,
    sudo: true,
  });

  it('says how many people would be new in sudo, with those who were made so before, and waits for approval', () => {
    const changes = [giveSudo(1), giveSudo(2)];
    const done = [3, 4].map((n) => [n, 'member-add:sudo'] as const);
    const verdict = ask(changes, { done });
    expect(verdict.held).toMatchObject([{ kind: 'gain', changes, actsAt: null }]);
    expect(reasons(verdict)).toEqual([
      '4 people would be new in sudo groups within 24 h; limits.max_gain.sudo allows 3',
    ]);
    expect(ask(changes.slice(1), { done }).held).toEqual([]);
    expect(ask([], { done: numbers(1, 9).map((n) => [n, 'member-add:sudo'] as const) }).held).toEqual([]);
  });

  it('says how many accounts would be enabled again, with those of before, and all of theirs waits for approval', () => {
    const enable = (n: number): Change => ({ ...person(n), kind: 'account-reopen', entry: entryOf(n) });
    const join: Change = { ...person(1), kind: 'member-add', name: 'team', member: 'p1', sudo: false };
    const changes = [enable(1), enable(2), enable(3), join, write(1, ['SHA256:1'], [])];
    const others = [write(9, ['SHA256:9'], [])];
    const done = numbers(4, 6).map((n) => [n, 'account-reopen'] as const);
    const verdict = ask([...changes, ...others], { done });
    expect(verdict.held).toMatchObject([{ kind: 'gain', changes, actsAt: null }]);
    expect(verdict.go).toEqual(others);
    expect(reasons(verdict)).toEqual([
      '6 of 50 accounts would be enabled again within 24 h; limits.max_gain.enabled_again allows 5',
    ]);
    const [held] = verdict.held;
    expect(ask(changes, { done, approved: [held!.hash] }).go).toEqual(changes);
    expect(ask(changes.slice(1), { done }).held).toEqual([]);
    expect(ask([], { done: numbers(1, 9).map((n) => [n, 'account-reopen'] as const) }).held).toEqual([]);
  });

  it('says how many people’s keys would be replaced, with those of before, and waits for approval', () => {
    const changes = numbers(1, 3).map((n) => write(n, [`SHA256:${n}`], ['SHA256:old']));
    const done = numbers(7, 9).map((n) => [n, 'keys-write:replace-keys'] as const);
    const verdict = ask(changes, { done });
    expect(verdict.held).toMatchObject([{ kind: 'gain', changes, actsAt: null }]);
    expect(reasons(verdict)).toEqual([
      '6 of 50 people would have all their keys replaced within 24 h; limits.max_gain.replaced_keys allows 5',
    ]);
    expect(ask(changes.slice(1), { done }).held).toEqual([]);
  });
});

describe('what is remembered of what is done', () => {
  it('counts lost, fewer and other keys, but no key file of a former name', () => {
    const [former, last, fewer, other, more] = [
      loseKeys(1),
      { ...loseKeys(2), scimId: 'u-unknown' },
      write(3, [], ['SHA256:old']),
      write(4, ['SHA256:new'], ['SHA256:old']),
      write(5, ['SHA256:new'], []),
    ];
    const { kinds } = ask([former, last, fewer, other, more]);
    expect([former, last, fewer, other, more].map((change) => kinds.get(change))).toEqual([
      'keys-remove:unweighed',
      undefined,
      'keys-write:drop-keys',
      'keys-write:replace-keys',
      undefined,
    ]);
  });

  it('counts a line that goes only if its account was enabled, and nothing else that happens to a disabled one', () => {
    const [enabled, disabled, unknown, left] = [
      removeLine(1),
      removeLine(2),
      removeLine(900),
      leave(2, 't1'),
    ];
    const { kinds } = ask([enabled, disabled, unknown, left], { disabled: [2] });
    expect([enabled, disabled, unknown, left].map((change) => kinds.get(change))).toEqual([
      undefined,
      'account-remove:unweighed',
      undefined,
      undefined,
    ]);
  });
});

describe('no limit holds back', () => {
  const six = numbers(1, 6);
  const refusal = (n: number, code: string): Refusal => ({
    scimId: `u-p${n}`,
    kind: 'User',
    code,
    detail: '',
  });

  it.each(['blocked', 'retired', 'grant-ended'] as const)(
    'what an operator decided of a person, nor counts it: %s',
    (reason) => {
      const changes = six.map((n) => close(n, reason));
      const verdict = ask(changes, { closed: closedFor(six, reason) });
      expect(verdict.held).toEqual([]);
      for (const change of changes) expect(verdict.kinds.get(change)).toBe('account-close:unweighed');
      // The same for another reason is held: it is the decision that makes the difference.
      const implied = six.map((n) => close(n, 'no-access-group'));
      expect(ask(implied, { closed: closedFor(six, 'no-access-group') }).held).toHaveLength(1);
    },
  );

  it('a line that an operator dropped, while other leftovers are held', () => {
    const leftovers = (fate: 'drop' | 'remove') =>
      six.map((n) => ({ scimId: `u-p${n}`, kind: 'account' as const, name: `p${n}`, fate }));
    const changes = six.map(removeLine);
    expect(ask(changes, { desired: { leftovers: leftovers('drop') } }).go).toEqual(changes);
    expect(ask(changes, { desired: { leftovers: leftovers('remove') } }).held).toHaveLength(1);
  });

  it('the loss of a blocked key, and no other loss of that person or of another', () => {
    const lose = six.map((n) => write(n, [], ['SHA256:old']));
    const blocked = { refusals: six.map((n) => refusal(n, 'key-blocked')) };
    expect(ask(lose, { desired: blocked }).go).toEqual(lose);
    expect(ask(lose, { desired: { refusals: six.map((n) => refusal(n, 'key-weak')) } }).held).toHaveLength(1);
    const left = six.map((n) => leave(n, 't1'));
    expect(ask(left, { desired: blocked }).held).toHaveLength(1);
  });

  it('a membership whose grant ended, and no other membership of that person', () => {
    const endedGrants = new Set(six.map((n) => `u-p${n}\ng-users`));
    const ended = six.map((n) => leave(n, 'slurm-users'));
    const verdict = ask(ended, { desired: { endedGrants } });
    expect(verdict.go).toEqual(ended);
    expect(verdict.kinds.get(ended[0]!)).toBe('member-remove:unweighed');
    expect(ask(ended).held).toHaveLength(1);
    const others = six.map((n) => leave(n, 'unknown'));
    expect(ask(others, { desired: { endedGrants } }).held).toHaveLength(1);
    const keys = six.map((n): Change => ({ ...write(n, [], ['SHA256:old']), name: 'slurm-users' }));
    expect(ask(keys, { desired: { endedGrants } }).held).toHaveLength(1);
  });

  it('the return of a person that an operator unblocks now, and holds others', () => {
    const back = six.map((n): Change => ({ ...person(n), kind: 'account-reopen', entry: entryOf(n) }));
    const all = six.map((n) => `unblocked u-p${n}`);
    expect(ask(back, { approved: all }).go).toEqual(back);
    expect(ask(back, { approved: all.slice(1) }).held).toEqual([]);
    expect(ask(back, { approved: ['unblocked u-p40'] }).held).toHaveLength(1);
    const lost = back.map((change) => ({ ...change, scimId: null }));
    expect(ask(lost, { approved: ['unblocked null'] }).held).toHaveLength(1);
  });
});

describe('one person', () => {
  it('who loses access and a membership loses access, in whatever order the changes come', () => {
    const six = numbers(1, 6);
    for (const order of [[loseLast, leaveOne] as const, [leaveOne, loseLast] as const]) {
      const verdict = ask(six.flatMap((n) => order.map((make) => make(n))));
      expect(reasons(verdict)).toEqual([
        `6 of 50 people would lose access without an explicit revocation by the store ${OVER}`,
      ]);
      expect(verdict.held[0]!.changes).toHaveLength(12);
    }
    function loseLast(n: number): Change {
      return removeLine(n);
    }
    function leaveOne(n: number): Change {
      return leave(n, 't1');
    }
  });

  it('whose membership goes with a vanished group waits with all of it', () => {
    const users = makeGroup('users', 31000, ['u-p1'], { name: 'slurm-users' });
    const changes = [leave(1, 'slurm-users'), write(1, [], ['SHA256:old'])];
    const { held, go } = ask(changes, { groups: [{ ...users, absent: true }] });
    expect(held).toMatchObject([{ kind: 'vanished', changes }]);
    expect(go).toEqual([]);
  });

  it('whose group is one of two that access names, and the other is there, waits all the same', () => {
    const access = 'access: { groups: [{ name: slurm-users, id: g-users }, { name: second, id: g-second }] }';
    const users = makeGroup('users', 31000, ['u-p1'], { name: 'slurm-users' });
    const second = makeGroup('second', 31002, ['u-p2'], { name: 'second' });
    const closed = closedFor([1, 2], 'no-access-group');
    const changes = [close(1, 'no-access-group'), close(2, 'no-access-group')];
    const { held, go } = ask(changes, { access, closed, groups: [users, { ...second, absent: true }] });
    expect(held).toMatchObject([{ kind: 'vanished', changes: changes.slice(1) }]);
    expect(go).toEqual(changes.slice(0, 1));
  });
});

describe('the rules of sudo', () => {
  it('wait with a vanished sudo group, together with the root shells that would end', () => {
    const access = (ids: string) =>
      `access: { groups: [{ name: slurm-users, id: g-users }], sudo_groups: [${ids}] }`;
    const admins = makeGroup('admins', 31001, ['u-p1'], { name: 'slurm-admins' });
    const rules: Change[] = [
      { ...person(1), scimId: null, name: 'sunk-agent', kind: 'sudoers-remove', leavers: [] },
      { ...person(2), kind: 'root-shells-end', uid: 20102 },
    ];
    const groups = [makeGroup('users', 31000, [], { name: 'slurm-users' }), { ...admins, absent: true }];
    const changes = [leave(1, 'slurm-admins'), ...rules];
    for (const ids of [
      '{ name: slurm-admins, id: g-admins }',
      '{ name: slurm-users, id: g-users }, { name: slurm-admins, id: g-admins }',
    ]) {
      const { held, go } = ask(changes, { access: access(ids), groups });
      expect(held).toMatchObject([{ kind: 'vanished', changes }]);
      expect(go).toEqual([]);
    }
  });
});

describe('what is held', () => {
  it('by two limits is in the first set alone', () => {
    const six = numbers(1, 6);
    const groups = numbers(1, 6).map(removeGroup);
    const changes = [...six.map((n) => leave(n, `t${n}`)), ...groups];
    const { held } = ask(changes, { teams: 50 });
    expect(held.map((set) => set.changes.length)).toEqual([12]);
    expect(new Set(held[0]!.changes)).toEqual(new Set(changes));
  });

  it('by a freeze says why and since when', () => {
    const changes = [close(1, 'absent')];
    const more = { closed: closedFor([1], 'absent'), freezeReason: 'frozen by a test' };
    const [set] = ask(changes, more).held;
    expect(set).toMatchObject({ kind: 'frozen', reason: 'frozen by a test', since: NOW, actsAt: null });
    const [later] = ask(changes, { ...more, now: NOW + 60, heldSince: new Map([[set!.hash, NOW]]) }).held;
    expect(later!.since).toBe(NOW);
  });
});
