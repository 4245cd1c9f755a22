import { expect, test } from 'vitest';
import { findDenial } from '../../../../../src/diagnose/why/judge/sshd-denial.ts';
import { judgeSshd } from '../../../../../src/diagnose/why/judge/judge-sshd.ts';
import { healthy, notProbed, probed, withSshd } from '../../../../support/records/healthy.ts';

test.each<[string, Record<string, string[]>]>([
  ['sshd-deny-users', { denyusers: ['al?ce'], allowusers: ['bob'] }],
  ['sshd-allow-users', { allowusers: ['bob', 'carol@10.*'], denygroups: ['slurm-*'] }],
  ['sshd-deny-groups', { denygroups: ['slurm-*'], allowgroups: ['wheel'] }],
  ['sshd-allow-groups', { allowgroups: ['wheel'], authenticationmethods: ['password'] }],
  ['sshd-methods', { authenticationmethods: ['publickey,password'] }],
])('%s is the first setting that denies the user', (code, settings) => {
  expect(findDenial(new Map(Object.entries(settings)), 'alice', ['slurm-users'])?.code).toBe(code);
  expect(judgeSshd(withSshd(settings))).toMatchObject({ level: 'error', code });
});

test('settings that name the user, one of its groups or a key alone deny nothing', () => {
  const settings = { allowusers: ['alice@10.*'], allowgroups: ['slurm-*'], authenticationmethods: ['any'] };
  expect(findDenial(new Map(Object.entries(settings)), 'alice', ['slurm-users'])).toBeNull();
  expect(findDenial(new Map([['allowgroups', ['wheel']]]), 'alice', [])).toBeNull();
});

test('a finding that breaks logins is an error, another a warning, and few tries a warning', () => {
  const withFinding = (code: string, breaksLogin: boolean) =>
    judgeSshd({
      ...healthy,
      sshd: probed({ settings: new Map(), findings: [{ code, detail: 'x', breaksLogin }] }),
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
