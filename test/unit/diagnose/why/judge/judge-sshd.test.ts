import { expect, test } from 'vitest';
import { judgeSshd } from '../../../../../src/diagnose/why/judge/judge-sshd.ts';
import { healthy, notProbed, probed, withSshd } from '../../../../support/records/healthy.ts';

test.each<[string, Record<string, string[]>]>([
  ['sshd-deny-users', { denyusers: ['al?ce'], allowusers: ['bob'] }],
  ['sshd-allow-users', { allowusers: ['bob', 'carol@10.*'], denygroups: ['slurm-*'] }],
  ['sshd-deny-groups', { denygroups: ['slurm-*'], allowgroups: ['wheel'] }],
  ['sshd-allow-groups', { allowgroups: ['wheel'], authenticationmethods: ['password'] }],
  ['sshd-methods', { authenticationmethods: ['publickey,password'] }],
])('%s is the first setting that denies the user', (code, settings) => {
  expect(judgeSshd(withSshd(settings))).toMatchObject({ level: 'error', code });
});

test('a finding that breaks logins is an error, another a warning, and few tries a warning', () => {
  const withFinding = (code: string, breaksLogin: boolean) =>
    judgeSshd({
      ...healthy,
      sshd: probed({ settings: new Map(), findings: [{ code, detail: 'x', breaksLogin }], hasDropIn: true }),
    });
  expect(withFinding('sshd-other-command', true)).toMatchObject({
    level: 'error',
    code: 'sshd-other-command',
  });
  expect(withFinding('sshd-helper-unsafe', true).level).toBe('ok');
  expect(withFinding('sshd-user-ca', false)).toMatchObject({ level: 'warning', code: 'sshd-user-ca' });
  expect(judgeSshd(withSshd({ maxauthtries: ['2'] }))).toMatchObject({
    code: 'sshd-few-tries',
    owner: 'person',
  });
  expect(judgeSshd(withSshd({ maxauthtries: ['3'] })).level).toBe('ok');
  expect(judgeSshd({ ...healthy, sshd: notProbed }).level).toBe('unknown');
});

const finding = (code: string, breaksLogin: boolean) => ({ code, detail: 'x', breaksLogin });

test('a denial comes before the findings, a finding before few tries, and those before a bypass', () => {
  const deny = new Map([['denyusers', ['alice']]]);
  const few = new Map([['maxauthtries', ['1']]]);
  const [broken, bypass] = [finding('sshd-other-command', true), finding('sshd-user-ca', false)];
  const codeOf = (settings: Map<string, string[]>, ...findings: (typeof broken)[]) =>
    judgeSshd({ ...healthy, sshd: probed({ settings, findings, hasDropIn: true }) }).code;
  expect(codeOf(deny, bypass, broken)).toBe('sshd-deny-users');
  expect(codeOf(few, bypass, broken)).toBe('sshd-other-command');
  expect(codeOf(few, bypass)).toBe('sshd-few-tries');
  expect(codeOf(new Map(), bypass)).toBe('sshd-user-ca');
});

test('the groups of the user deny a login only where the name service was asked', () => {
  const denied = withSshd({ denygroups: ['slurm-users'] });
  expect(judgeSshd(denied).code).toBe('sshd-deny-groups');
  expect(judgeSshd({ ...denied, names: notProbed }).level).toBe('ok');
});

test('an sshd that does not report its settings is not known, unless that is a finding', () => {
  const without = (findings: ReturnType<typeof finding>[]) =>
    judgeSshd({ ...healthy, sshd: probed({ settings: null, findings, hasDropIn: true }) });
  expect(without([]).level).toBe('unknown');
  expect(without([finding('sshd-silent', true)])).toMatchObject({
    level: 'error',
    code: 'sshd-silent',
    owner: 'operator',
  });
});

test.each(['sshd-loopback', 'sshd-host-keys-in-memory'])('%s is a warning with a fix of its own', (code) => {
  const verdict = judgeSshd({
    ...healthy,
    sshd: probed({ settings: new Map(), findings: [finding(code, false)], hasDropIn: true }),
  });
  expect(verdict).toMatchObject({ level: 'warning', code, owner: 'operator' });
  expect(verdict.howToFix).toContain('systemctl restart ssh');
  expect(verdict.howToFix).not.toContain('remove that setting');
});

test('without a name no user is denied by name', () => {
  expect(judgeSshd({ ...withSshd({ allowusers: ['bob'] }), name: null }).level).toBe('ok');
});

test('settings that sshd does not print have the defaults of sshd', () => {
  expect(
    judgeSshd({ ...healthy, sshd: probed({ settings: new Map(), findings: [], hasDropIn: true }) }).level,
  ).toBe('ok');
});
