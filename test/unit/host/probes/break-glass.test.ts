import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findBreakGlass } from '../../../../src/host/probes/break-glass.ts';

let root: string;
const UID = process.getuid?.() ?? 0;
const NOW = 1_750_000_000;

const write = (file: string, text: string): void => {
  mkdirSync(path.join(root, path.dirname(file)), { recursive: true });
  writeFileSync(path.join(root, file), text, { mode: 0o755 });
};

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'break-glass-'));
  write(
    'etc/passwd',
    `ops:x:${UID || 1000}:1000::/home/ops:/bin/sh\nalice:x:10000:9999::/home/alice:/bin/sh\n`,
  );
  write('etc/group', 'sudo:x:27:ops,alice\nstaff:x:50:ops\n');
  write('etc/shadow', 'ops:*:1:0:99999:7:::\n');
  write('bin/sh', '');
  write('home/ops/.ssh/authorized_keys', 'ssh-ed25519 AAAA ops\n');
});
afterEach(() => rmSync(root, { recursive: true }));

const settings = (lines: Record<string, string[]>) =>
  new Map(Object.entries({ strictmodes: ['no'], ...lines }));
const find = (lines: Record<string, string[]> = {}) =>
  findBreakGlass(root, new Set(['alice']), settings(lines), NOW);

test('a local member of a sudo group with a key can log in; a managed one is none', () => {
  expect(find()).toEqual([{ name: 'ops', hasKey: true, fault: null }]);
});

test.each<[string, Record<string, string[]>]>([
  ['AllowUsers', { allowusers: ['bob', 'root'] }],
  ['AllowGroups', { allowgroups: ['sunk-users'] }],
  ['DenyUsers', { denyusers: ['op*'] }],
])('%s that leaves it out is named', (keyword, lines) => {
  expect(find(lines)[0]?.fault).toContain(keyword);
});

test.each<Record<string, string[]>>([
  { allowusers: ['o?s@10.0.0.0/8'] },
  { allowgroups: ['sta*'] },
  { denyusers: ['ops@10.0.0.1'] },
])('a list that has it, or only for an address, refuses it not: %j', (lines) => {
  expect(find(lines)[0]?.fault).toBeNull();
});

test('an expired account, a shell that is missing or refuses, and a missing key are named', () => {
  write('etc/shadow', 'ops:*:1:0:99999:7::100:\n');
  expect(find()[0]?.fault).toContain('expired');
  write('etc/shadow', 'ops:*:1:0:99999:7:::\n');
  rmSync(path.join(root, 'home/ops/.ssh'), { recursive: true });
  expect(find()[0]).toMatchObject({ hasKey: false, fault: expect.stringContaining('neither a key') });
  rmSync(path.join(root, 'bin/sh'));
  expect(find()[0]?.fault).toContain('not installed');
});

test('a key file that others may write is not read by sshd, unless StrictModes is off', () => {
  chmodSync(path.join(root, 'home/ops'), 0o777);
  expect(find({ strictmodes: ['yes'] })[0]?.fault).toContain('StrictModes');
  expect(find()[0]?.fault).toBeNull();
});
