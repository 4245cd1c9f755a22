// What another program publishes for libnss-cache is read line by line: what no map by name holds is in use all the same.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { readForeignNsscache } from '../../../../src/host/nss/foreign-nsscache.ts';

let root = '';
afterEach(() => rmSync(root, { recursive: true, force: true }));

function read(files: Readonly<Record<string, readonly string[]>>, services = 'files cache') {
  root = mkdtempSync(path.join(tmpdir(), 'foreign-'));
  mkdirSync(path.join(root, 'etc'));
  writeFileSync(path.join(root, 'etc/nsswitch.conf'), `passwd: ${services}\ngroup: ${services}\n`);
  for (const [name, lines] of Object.entries(files))
    writeFileSync(path.join(root, 'etc', `${name}.cache`), lines.map((line) => `${line}\n`).join(''));
  return readForeignNsscache(root, path.join(root, 'srv'));
}

test('well-formed lines, each name once', () => {
  const found = read({
    passwd: ['svc:x:10033:10033::/srv:/bin/sh', 'svc:x:10033:10033::/elsewhere:/bin/sh'],
    group: ['team:x:32000:svc', 'team:x:32000:'],
  });
  expect([...(found?.accounts.values() ?? [])].map(({ entry }) => entry.dir)).toEqual(['/srv']);
  expect(found?.odd).toEqual({ names: new Map(), uids: new Map(), groups: new Map(), gids: new Map() });
});

test('a second id of a name, and lines that a strict reader skips, are in use', () => {
  const found = read({
    passwd: [
      'svc:x:10033:10033::/:/bin/sh',
      'svc:x:10039:10039::/:/bin/sh',
      'short:x:10040:10040::/',
      'unnumbered:x::',
      'short:x:10041:10041::/:/bin/sh',
    ],
    group: ['team:x:32000:', 'team:x:32001:', 'thin:x:', 'team'],
  });
  expect([...(found?.accounts.keys() ?? [])]).toEqual(['svc']);
  expect([...(found?.odd.uids ?? [])]).toEqual([
    [10_039, '/etc/passwd.cache:2'],
    [10_040, '/etc/passwd.cache:3'],
    [10_041, '/etc/passwd.cache:5'],
  ]);
  expect([...(found?.odd.names.keys() ?? [])]).toEqual(['short', 'unnumbered']);
  expect([...(found?.odd.gids.keys() ?? [])]).toEqual([32_001]);
  expect([...(found?.odd.groups.keys() ?? [])]).toEqual(['thin']);
});

test('its primary gids and the members of its groups, and which of the two answers first', () => {
  const files = {
    passwd: ['svc:x:10033:20001::/:/bin/sh', 'svc:x:10034:20002::/:/bin/sh'],
    group: ['ops:x:32000:svc,ghost'],
  };
  const found = read(files);
  expect([...(found?.primaryGids.keys() ?? [])]).toEqual([20_001, 20_002]);
  expect(found?.listed).toEqual([
    { group: 'ops', gid: 32_000, members: ['svc', 'ghost'], location: '/etc/group.cache:1' },
  ]);
  expect(found?.isAfterFiles).toBe(true);
  rmSync(root, { recursive: true });
  expect(read(files, 'cache files')?.isAfterFiles).toBe(false);
});

test('without the service, and without the file, it is none', () => {
  expect(read({ passwd: ['svc:x:10033:10033::/:/bin/sh'] }, 'files')).toBe(null);
  rmSync(root, { recursive: true });
  expect(read({})).toBe(null);
});
