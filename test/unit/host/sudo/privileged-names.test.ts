// Privileged names, groups and ids of a node, from every file that sudo, sshd and pam_access would read.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readPrivilegeFiles, readPrivilegedNames } from '../../../../src/host/sudo/privileged-names.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'privileged-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), text);
}

describe('sudoers', () => {
  test('is read with everything that it includes, by the new directives and the old', () => {
    write(
      'etc/sudoers',
      [
        'amy ALL=(ALL) ALL',
        '%ops ALL=(ALL) ALL',
        '@include /etc/sudo/one',
        '#include two',
        '@includedir /etc/more.d',
        '#includedir "/etc/with blank"',
        '@include /etc/by-%h',
        'User_Alias DBAS = dora, \\',
        '  dirk',
      ].join('\n'),
    );
    write('etc/sudo/one', 'ben ALL=ALL\n@include nested\n');
    write('etc/sudo/nested', 'nell ALL=ALL\n@include /etc/sudoers\n');
    write('etc/two', 'cat ALL=ALL\n');
    write('etc/more.d/x', 'dan ALL=ALL\n');
    write('etc/with blank/x', 'eve ALL=ALL\n');
    write(`etc/by-${hostname().split('.')[0] ?? ''}`, 'fay ALL=ALL\n');
    write('etc/sudoers.d/x', 'gil ALL=ALL\n');
    write('etc/sudoers.d/sunk-agent', '%#20001 ALL=ALL\nmine ALL=ALL\n');
    const { names, groups, gids } = readPrivilegedNames(root);
    for (const name of ['amy', 'ben', 'cat', 'dan', 'dora', 'dirk', 'eve', 'fay', 'gil', 'nell'])
      expect([...names]).toContain(name);
    expect([...groups]).toContain('ops');
    expect([...names]).not.toContain('mine');
    expect([...gids]).toEqual([]);
  });

  test('names users and groups by id as well, which is no comment', () => {
    write('etc/sudoers', '#20100 ALL=ALL\n%#20200 ALL=ALL\n# 20300 is a comment about hank\n');
    const { uids, gids, names } = readPrivilegedNames(root);
    expect([...uids]).toContain(20_100);
    expect([...gids]).toEqual([20_200]);
    expect([...names]).not.toContain('hank');
  });
});

describe('sshd_config', () => {
  test('is read with its includes, patterns and relative ones too, for the lines that name people', () => {
    write('etc/ssh/sshd_config', 'Include conf/*.conf /etc/other/a.conf\nAllowUsers ida\nBanner /etc/jim\n');
    write('etc/ssh/conf/1.conf', 'Match User kim,lou\n  PermitTTY no\n');
    write('etc/other/a.conf', 'include "/etc/other/b c.conf"\nAllowGroups mods\n');
    write('etc/other/b c.conf', 'DenyUsers ned@10.0.0.1\n');
    const { names, groups } = readPrivilegedNames(root);
    for (const name of ['ida', 'kim', 'lou', 'ned']) expect([...names]).toContain(name);
    expect([...groups]).toContain('mods');
    expect([...names]).not.toContain('jim');
  });
});

describe('access.conf', () => {
  test('and its directory are read whole', () => {
    write('etc/security/access.conf', '+:oda:ALL\n# +:pam:ALL\n');
    write('etc/security/access.d/x.conf', '-:ALL EXCEPT (quads):ALL\n');
    const { names } = readPrivilegedNames(root);
    expect([...names]).toEqual(expect.arrayContaining(['oda', 'quads']));
    expect([...names]).not.toContain('pam');
  });
});

test('a file that includes itself, a missing one and no file at all do no harm', () => {
  expect(readPrivilegeFiles(root)).toEqual([]);
  write('etc/sudoers', '@include /etc/sudoers\n@include /none\n@includedir /none.d\n@include\n');
  write('etc/ssh/sshd_config', 'Include\nInclude /etc/ssh/sshd_config none/*\n');
  expect(readPrivilegeFiles(root).map(({ file }) => file)).toEqual(['etc/sudoers', 'etc/ssh/sshd_config']);
});
