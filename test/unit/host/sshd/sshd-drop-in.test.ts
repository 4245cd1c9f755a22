import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseConfig, type Config } from '../../../../src/config/config.ts';
import { HELPER_USER, chooseKeySettings, renderSshdDropIn } from '../../../../src/host/sshd/sshd-drop-in.ts';
import { findSshdFaults, parseSshdSettings } from '../../../../src/host/sshd/sshd-findings.ts';

function keys(text: string): Config['keys'] {
  return parseConfig(`scim: { base_url: "https://store.example.com" }\nkeys: { ${text} }`, 'test').keys;
}

function dropIn(text: string, root = '/'): string {
  return renderSshdDropIn('sunk-users', chooseKeySettings(keys(text), root, HELPER_USER));
}

test('the drop-in of the default configuration is the one that is packaged', () => {
  const packaged = join(import.meta.dirname, '../../../../packaging/sshd/10-sunk-agent.conf');
  expect(dropIn('')).toBe(readFileSync(packaged, 'utf8'));
});

test('users keep their own file if the operator says so', () => {
  expect(dropIn('user_files: allow')).toContain('\n  AuthorizedKeysFile .ssh/authorized_keys\n');
});

test('with files there is no command, not even another tool’s, and no user for one', () => {
  expect(dropIn('serve: file')).toContain(
    '\n  AuthorizedKeysFile /var/lib/sunk-agent/authorized_keys/%u /run/sunk-agent/trials/%u\n  AuthorizedKeysCommand none\nMatch all\n',
  );
  expect(dropIn('serve: file, user_files: allow')).toContain('/trials/%u .ssh/authorized_keys\n');
});

test('below another root, the helper gets the path of the keys', () => {
  expect(dropIn('', '/srv/node')).toContain(
    'AuthorizedKeysCommand /srv/node/usr/libexec/sunk-agent/authorized-keys %u /srv/node/var/lib/sunk-agent/authorized_keys\n',
  );
});

const WANTED = chooseKeySettings(keys(''), '/', HELPER_USER);
const SOUND = [
  'pubkeyauthentication yes',
  'hostbasedauthentication no',
  'gssapiauthentication no',
  'trustedusercakeys none',
  'authorizedkeysfile none',
  `authorizedkeyscommand ${WANTED.authorizedkeyscommand}`,
  `authorizedkeyscommanduser ${HELPER_USER}`,
].join('\n');

function faults(text: string): { code: string; detail: string; breaksLogin: boolean }[] {
  return findSshdFaults(
    parseSshdSettings(text),
    WANTED,
    'sunk-users',
    (keyword) => ` (/etc/ssh/x.conf:7 ${keyword})`,
  );
}

test('an sshd with the settings of the drop-in has no findings', () => {
  expect(faults(SOUND)).toEqual([]);
  expect(faults(`${SOUND}\nallowgroups wheel\nallowgroups sunk-*`)).toEqual([]);
});

test.each([
  [
    'another tool’s command',
    /authorizedkeyscommand .*/,
    'authorizedkeyscommand /usr/bin/userdbctl %u',
    'sshd-other-command',
    true,
  ],
  ['no command', /authorizedkeyscommand .*/, 'authorizedkeyscommand none', 'sshd-other-command', true],
  [
    'another user',
    /authorizedkeyscommanduser .*/,
    'authorizedkeyscommanduser root',
    'sshd-other-command-user',
    true,
  ],
  [
    'users’ own files',
    /authorizedkeysfile .*/,
    'authorizedkeysfile .ssh/authorized_keys',
    'sshd-other-files',
    false,
  ],
  ['no public keys', /pubkeyauthentication .*/, 'pubkeyauthentication no', 'sshd-no-public-keys', true],
  [
    'a certificate authority',
    /trustedusercakeys .*/,
    'trustedusercakeys /etc/ssh/ca.pub',
    'sshd-user-ca',
    false,
  ],
  ['trusted hosts', /hostbasedauthentication .*/, 'hostbasedauthentication yes', 'sshd-host-based', false],
  ['Kerberos', /gssapiauthentication .*/, 'gssapiauthentication yes', 'sshd-kerberos', false],
  ['other groups only', /$/, '\nallowgroups wheel', 'sshd-allow-groups', true],
])(
  'what replaces or bypasses the drop-in is found, with its line: %s',
  (_, wrong, instead, code, breaksLogin) => {
    const [fault, ...others] = faults(SOUND.replace(wrong, instead));
    expect(fault).toMatchObject({ code, breaksLogin });
    expect(fault?.detail).toContain('(/etc/ssh/x.conf:7 ');
    expect(others).toEqual([]);
  },
);
