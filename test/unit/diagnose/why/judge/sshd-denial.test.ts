import { describe, expect, test } from 'vitest';
import { checkAlgorithms, findDenial } from '../../../../../src/diagnose/why/judge/sshd-denial.ts';

const GROUPS = ['sunk-users', 'slurm-users'];
const deny = (
  settings: Record<string, string[]>,
  name = 'alice',
  groups: readonly string[] = GROUPS,
  from: string | null = null,
) => findDenial(new Map(Object.entries(settings)), name, groups, from);

describe('the settings by which sshd denies a user', () => {
  test.each<[string, Record<string, string[]>]>([
    ['sshd-deny-users', { denyusers: ['bob', 'al?ce'] }],
    ['sshd-deny-users', { denyusers: ['*'] }],
    ['sshd-deny-users', { denyusers: ['alice@*'] }],
    ['sshd-allow-users', { allowusers: ['bob', 'carol@10.*'] }],
    ['sshd-allow-users', { allowusers: ['Alice', 'alic', 'alice2', 'a.*'] }],
    ['sshd-deny-groups', { denygroups: ['slurm-*'] }],
    ['sshd-deny-groups', { denygroups: ['wheel', 'sunk-users'] }],
    ['sshd-allow-groups', { allowgroups: ['wheel', 'sunk'] }],
    ['sshd-no-sessions', { maxsessions: ['0'] }],
    ['sshd-forced-command', { forcecommand: ['/usr/sbin/nologin'] }],
    ['sshd-methods', { authenticationmethods: ['publickey,password'] }],
    ['sshd-methods', { authenticationmethods: ['password publickey,keyboard-interactive:pam'] }],
    // In the order in which sshd asks (sshd_config(5), DenyUsers).
    ['sshd-deny-users', { denyusers: ['alice'], allowusers: ['bob'], denygroups: ['*'] }],
    ['sshd-allow-users', { allowusers: ['bob'], denygroups: ['*'], allowgroups: ['wheel'] }],
    ['sshd-deny-groups', { denygroups: ['*'], allowgroups: ['wheel'] }],
    ['sshd-allow-groups', { allowgroups: ['wheel'], authenticationmethods: ['password'] }],
  ])('%s is the first that does', (code, settings) => {
    expect(deny(settings)).toMatchObject({
      level: 'error',
      code,
      owner: 'operator',
      howToFix: expect.stringMatching(/\S/),
    });
  });

  test.each<[string, Record<string, string[]>]>([
    ['there are none', {}],
    ['others are denied', { denyusers: ['bob', 'alice2', 'ALICE'], denygroups: ['wheel'] }],
    ['the user is denied from one host', { denyusers: ['alice@203.0.113.7'] }],
    ['the user is allowed from anywhere', { allowusers: ['bob', 'alice@10.*', 'al*'] }],
    ['one of the groups is allowed', { allowgroups: ['wheel', 'slurm-*'] }],
    ['any method is enough', { authenticationmethods: ['any'] }],
    [
      'a key alone is enough, beside other lists',
      { authenticationmethods: ['publickey,password publickey'] },
    ],
    ['the lists are empty', { denyusers: [], allowusers: [], allowgroups: [], authenticationmethods: [] }],
  ])('are none where %s', (_, settings) => {
    expect(deny(settings)).toBeNull();
  });

  test('admit from some hosts only, which is a warning with the hosts', () => {
    for (const allowusers of [['bob', 'alice@10.*'], ['*@10.0.0.0/8']])
      expect(deny({ allowusers })).toMatchObject({
        level: 'warning',
        code: 'sshd-allow-users-from',
        detail: expect.stringContaining('10.'),
      });
  });

  test('are judged for the address that is asked about', () => {
    const at = (settings: Record<string, string[]>, from: string) => deny(settings, 'alice', GROUPS, from);
    for (const pattern of ['alice@10.0.0.0/8', '*@10.*', 'alice@10.1.2.3']) {
      expect(at({ allowusers: [pattern] }, '10.1.2.3')).toBeNull();
      expect(at({ allowusers: [pattern] }, '192.0.2.1')).toMatchObject({
        level: 'error',
        code: 'sshd-allow-users-from',
      });
      expect(at({ denyusers: [pattern] }, '10.1.2.3')).toMatchObject({ code: 'sshd-deny-users' });
      expect(at({ denyusers: [pattern] }, '192.0.2.1')).toBeNull();
    }
    expect(at({ allowusers: ['alice@fd00::/8'] }, 'fd00::7')).toBeNull();
    expect(at({ allowusers: ['alice@fd00::/8'] }, '10.1.2.3')).not.toBeNull();
    expect(at({ allowusers: ['alice@10.0.0.0/99'] }, '10.1.2.3')).not.toBeNull();
  });

  test('are not concluded from groups that are not known', () => {
    expect(deny({ allowgroups: ['wheel'], denygroups: ['slurm-*'] }, 'alice', [])).toBeNull();
    expect(deny({ allowusers: ['bob'], allowgroups: ['wheel'] }, 'alice', [])?.code).toBe('sshd-allow-users');
  });

  test('are patterns of sshd and no regular expressions', () => {
    expect(deny({ denyusers: ['a.ice', '(alice)', '[a]lice', 'alice|bob', '^alice$', '\\'] })).toBeNull();
    expect(deny({ denyusers: ['a.ice'] }, 'a.ice')?.code).toBe('sshd-deny-users');
  });
});

test('what opens no shell and may be intended is a warning: a forced command, files alone, no terminal', () => {
  for (const command of ['/usr/bin/menu', 'internal-sftp', 'internal-sftp -l INFO'])
    expect(deny({ forcecommand: [command] })).toMatchObject({
      level: 'warning',
      code: 'sshd-forced-command',
    });
  expect(deny({ permittty: ['no'] })).toMatchObject({ level: 'warning', code: 'sshd-no-terminal' });
  expect(deny({ forcecommand: ['none'], permittty: ['yes'] })).toBeNull();
});

describe('the algorithms that sshd accepts', () => {
  const accepting = (list: string, ...types: string[]) =>
    checkAlgorithms(new Map([['pubkeyacceptedalgorithms', [list]]]), types);

  test('that take none of the keys are an error', () => {
    expect(accepting('rsa-sha2-512', 'ssh-ed25519')).toMatchObject({
      level: 'error',
      code: 'sshd-algorithms',
    });
    expect(accepting('ssh-ed25519', 'sk-ssh-ed25519@openssh.com', 'ssh-rsa')).not.toBeNull();
  });

  test('that take one of them are in order, and so are lists and keys that are not known', () => {
    expect(accepting('rsa-sha2-256', 'ssh-ed25519', 'ssh-rsa')).toBeNull();
    expect(accepting('ssh-ed25519,rsa-sha2-512', 'ssh-ed25519')).toBeNull();
    expect(accepting('rsa-sha2-512')).toBeNull();
    expect(checkAlgorithms(new Map(), ['ssh-ed25519'])).toBeNull();
  });
});
