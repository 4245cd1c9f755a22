// Which name services a node asks, by nsswitch.conf(5).
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { listNssServices } from '../../../../src/host/nss/nsswitch.ts';

let root = '';
afterEach(() => rmSync(root, { recursive: true, force: true }));

function list(text: string | null, databases: Parameters<typeof listNssServices>[1] = ['passwd', 'group']) {
  root = mkdtempSync(path.join(tmpdir(), 'nsswitch-'));
  mkdirSync(path.join(root, 'etc'));
  if (text !== null) writeFileSync(path.join(root, 'etc/nsswitch.conf'), text);
  return listNssServices(root, databases);
}

test.each([
  ['in their order, each once', 'passwd: files sss\ngroup: files ldap sss\n', ['files', 'sss', 'ldap']],
  ['with blanks around the colon', ' passwd\t: files  sss\n', ['files', 'sss']],
  [
    'without actions and comments',
    'passwd: sss [NOTFOUND=return !UNAVAIL=x] files # ldap\n',
    ['sss', 'files'],
  ],
  [
    'of compat, what it asks as well',
    'passwd: compat\npasswd_compat: systemd\ngroup: files\ngroup_compat: nis\n',
    ['compat', 'systemd', 'files'],
  ],
  ['of these databases alone', 'shadow: sss\npasswd_compat: nis\n', []],
  ['none without the file', null, []],
])('%s', (_, text, expected) => expect(list(text)).toEqual(expected));

test('of one database', () => {
  expect(list('passwd: files\ngroup: files cache\n', ['passwd'])).toEqual(['files']);
});
