import { describe, expect, test } from 'vitest';
import type { Facts, PersonFacts } from '../../../../../src/diagnose/why/facts.ts';
import { judgeAccount } from '../../../../../src/diagnose/why/judge/judge-account.ts';
import {
  ALICE,
  config,
  healthy,
  notProbed,
  NOW,
  person,
  probed,
  withPerson,
  withSshd,
} from '../../../../support/records/healthy.ts';

const DAY = 86_400;
const { entry } = person.actual!;
const today = Math.floor(NOW / DAY);
const expiring = (expiryDay: number | null) => withPerson({ actual: { entry, expiryDay } });
const held = (kind: 'gain' | 'frozen'): PersonFacts['held'][number] => ({
  hash: 'abcd',
  kind,
  reason: 'it is too large',
  changes: [],
  since: NOW - 60,
  actsAt: null,
});
const problem = {
  sync: 7,
  at: NOW - 60,
  kind: 'account-create',
  name: 'alice',
  scimId: ALICE,
  because: 'a member of slurm-users',
  problem: 'the disk is full',
};
const noShell = probed({ shell: '/bin/zsh', fault: 'is not installed' });

/** The code of the verdict, which is an error with an owner and a fix. */
function codeOf(facts: Facts): string {
  const { level, code, owner, howToFix } = judgeAccount(facts);
  expect({ level, owner }).toEqual({ level: 'error', owner: 'operator' });
  expect(howToFix).toMatch(/\S/);
  return code;
}

describe('the link `account`', () => {
  test('is in order for an enabled line with a shell', () => {
    expect(judgeAccount(healthy)).toMatchObject({ level: 'ok', owner: null });
    expect(judgeAccount(healthy).detail).toContain('10000');
  });

  test('is judged by the line of the node where there is no record, or no state database', () => {
    for (const unread of [notProbed, probed(null)]) {
      expect(judgeAccount({ ...healthy, person: unread }).level).toBe('ok');
      expect(codeOf({ ...healthy, person: unread, shell: noShell })).toBe('account-shell');
      expect(judgeAccount({ ...healthy, person: unread, local: null }).level).toBe('unknown');
    }
  });

  test('names the refusal because of which the plan wants no account', () => {
    const refusals = [{ scimId: ALICE, kind: 'User' as const, code: 'uid-missing', detail: 'no uid' }];
    expect(judgeAccount(withPerson({ desired: null, actual: null, refusals }))).toMatchObject({
      level: 'error',
      code: 'account-uid-missing',
      owner: 'provider',
    });
  });

  test('a shell that cannot run is an error, one that could not be checked is not', () => {
    expect(codeOf({ ...healthy, shell: noShell })).toBe('account-shell');
    expect(judgeAccount({ ...healthy, shell: notProbed }).level).toBe('ok');
  });

  test('another uid in passwd is a change that was made manually, and no pending one', () => {
    const local = { ...entry, uid: 4711 };
    expect(codeOf({ ...withPerson({ actual: null }), local })).toBe('account-other-uid');
    expect(codeOf({ ...withPerson({ actual: null, held: [held('gain')] }), local })).toBe(
      'account-other-uid',
    );
    expect(codeOf({ ...withPerson({ actual: null }), local: entry })).toBe('account-pending');
  });
});

describe('shadow', () => {
  test('with day 1 is still disabled, if the plan wants the account enabled', () => {
    expect(codeOf(expiring(1))).toBe('account-pending');
    expect(judgeAccount(withPerson({ actual: { entry, expiryDay: 1 }, disabled: 'inactive' })).level).toBe(
      'ok',
    );
  });

  test('with another day that has come is an expiry that was set manually', () => {
    expect(codeOf(expiring(2))).toBe('account-expired');
    expect(codeOf(expiring(today))).toBe('account-expired');
    expect(codeOf({ ...expiring(today), now: today * DAY })).toBe('account-expired');
    expect(judgeAccount({ ...expiring(today), now: today * DAY - 1 }).level).toBe('ok');
    expect(judgeAccount(expiring(today + 1)).level).toBe('ok');
    expect(judgeAccount(expiring(null)).level).toBe('ok');
  });

  test('without a line of shadow is refused by PAM, as far as root can tell', () => {
    const lost = (more = {}): Facts =>
      healthy.names.ok
        ? {
            ...healthy,
            names: probed({ ...healthy.names.value, shadow: null, hasShadowLine: false, ...more }),
          }
        : healthy;
    expect(codeOf(lost())).toBe('account-no-shadow');
    expect(judgeAccount({ ...lost(), sshd: notProbed }).level).toBe('ok');
    // Another link names the service that does not reach it.
    expect(judgeAccount(lost({ hasShadowLine: true })).level).toBe('ok');
    expect(judgeAccount(lost({ shadowFault: 'no answer within 3 s' })).level).toBe('ok');
  });

  test('with a locked password denies a login only where sshd does not use PAM', () => {
    const locked = (facts: Facts, password = '!*'): Facts =>
      facts.names.ok
        ? { ...facts, names: probed({ ...facts.names.value, shadow: ['alice', password, ''] }) }
        : facts;
    expect(codeOf(locked(withSshd({ usepam: ['no'] })))).toBe('account-locked');
    expect(judgeAccount(locked(withSshd({ usepam: ['no'] }), '*')).level).toBe('ok');
    expect(judgeAccount(locked(healthy)).level).toBe('ok');
    expect(judgeAccount(locked({ ...healthy, sshd: notProbed })).level).toBe('ok');
    expect(judgeAccount(locked(withSshd({ usepam: [] }))).level).toBe('ok');
    expect(judgeAccount({ ...withSshd({ usepam: ['no'] }), names: notProbed }).level).toBe('ok');
  });
});

describe('a change that is wanted and not done', () => {
  test.each<[string, Partial<PersonFacts>]>([
    ['the account is missing', { actual: null }],
    ['the account is still disabled', { actual: { entry, expiryDay: 1 } }],
    ['the plan has no account', { desired: null }],
  ])('is held, failed, observed or pending, in that order: %s', (_, more) => {
    const observe: Partial<Facts> = { config: { ...config, mode: 'observe' } };
    const local = { local: null };
    const all = { ...more, held: [held('gain')], problem };
    expect(codeOf({ ...withPerson(all), ...local, ...observe })).toBe('account-held');
    expect(codeOf({ ...withPerson({ ...all, held: [] }), ...local, ...observe })).toBe('account-failed');
    expect(codeOf({ ...withPerson(more), ...local, ...observe })).toBe('account-observe');
    expect(codeOf({ ...withPerson(more), ...local })).toBe('account-pending');
  });

  const fixOf = (more: Partial<PersonFacts>, facts: Partial<Facts> = {}) =>
    judgeAccount({ ...withPerson({ actual: null, ...more }), local: null, ...facts }).howToFix;

  test('has the fix for what holds it', () => {
    expect(fixOf({ held: [held('gain')] })).toContain('sunk-agent approve abcd');
    expect(fixOf({ held: [held('frozen')] })).toContain('sunk-agent thaw');
  });

  test('starts the agent where it does not run', () => {
    expect(fixOf({}, { isDaemonUp: false })).toContain('systemctl start sunk-agent');
    expect(fixOf({}, { isDaemonUp: true })).not.toContain('systemctl');
    expect(fixOf({}, { isDaemonUp: null })).not.toContain('systemctl');
  });

  test('has failed only where the history says how', () => {
    const row = { ...problem, problem: null };
    expect(codeOf({ ...withPerson({ actual: null, problem: row }), local: null })).toBe('account-pending');
  });
});
