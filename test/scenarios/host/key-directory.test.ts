import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readKeyFiles, removeKeyFile, writeKeyFiles } from '../../../src/host/keys/authorized-keys.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'key-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (): Record<string, string> => Object.fromEntries(readKeyFiles(folder));

test('a key file is read anew after every change, in place or by rename, at once or long after, even with its old times', async () => {
  writeKeyFiles(folder, [
    { name: 'alice', text: 'one\n' },
    { name: 'bob', text: 'one\n' },
  ]);
  expect(read()).toEqual({ alice: 'one\n', bob: 'one\n' });
  // Of the same length, and within the same tick of the kernel's clock.
  writeFileSync(path.join(folder, 'alice'), 'two\n');
  expect(read()).toEqual({ alice: 'two\n', bob: 'one\n' });
  await sleep(2200);
  expect(read()).toEqual({ alice: 'two\n', bob: 'one\n' });
  writeFileSync(path.join(folder, 'alice'), 'new\n');
  utimesSync(path.join(folder, 'alice'), 1, 1);
  expect(read()).toEqual({ alice: 'new\n', bob: 'one\n' });
  writeKeyFiles(folder, [{ name: 'bob', text: 'new\n' }]);
  expect(read()).toEqual({ alice: 'new\n', bob: 'new\n' });
  removeKeyFile(folder, 'alice');
  symlinkSync('bob', path.join(folder, 'carol'));
  expect(read()).toEqual({ bob: 'new\n', carol: 'new\n' });
  writeFileSync(path.join(folder, 'bob'), 'end\n');
  expect(read()).toEqual({ bob: 'end\n', carol: 'end\n' });
});

test('a folder that was put in the place of another is read anew, and so is one that went and came back', () => {
  writeKeyFiles(folder, [{ name: 'alice', text: 'one\n' }]);
  expect(read()).toEqual({ alice: 'one\n' });
  renameSync(folder, `${folder}-old`);
  mkdirSync(folder);
  expect(read()).toEqual({});
  writeKeyFiles(folder, [{ name: 'bob', text: 'one\n' }]);
  expect(read()).toEqual({ bob: 'one\n' });
  rmSync(folder, { recursive: true });
  expect(read()).toEqual({});
  renameSync(`${folder}-old`, folder);
  expect(read()).toEqual({ alice: 'one\n' });
  writeFileSync(path.join(folder, 'alice'), 'two\n');
  expect(read()).toEqual({ alice: 'two\n' });
});

test('nothing is missed when more happens than the kernel can remember', async () => {
  const limit = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'));
  writeKeyFiles(folder, [
    { name: 'alice', text: 'one\n' },
    { name: 'bob', text: 'one\n' },
  ]);
  await sleep(2200);
  expect(read()).toEqual({ alice: 'one\n', bob: 'one\n' });
  // In turns, for two events that are alike become one.
  const files = ['alice', 'bob'].map((name) => openSync(path.join(folder, name), 'r+'));
  for (let turn = 0; turn <= limit; turn += 1) for (const file of files) writeSync(file, 'two\n', 0);
  for (const file of files) closeSync(file);
  writeFileSync(path.join(folder, 'carol'), 'last\n');
  expect(read()).toEqual({ alice: 'two\n', bob: 'two\n', carol: 'last\n' });
});

test('only the files to which something happened are looked at again', async () => {
  writeKeyFiles(folder, [
    { name: 'alice', text: 'one\n' },
    { name: 'bob', text: 'one\n' },
  ]);
  await sleep(2200);
  const before = readKeyFiles(folder);
  expect(readKeyFiles(folder)).toBe(readKeyFiles(folder));
  writeKeyFiles(folder, [{ name: 'bob', text: 'two\n' }]);
  const after = readKeyFiles(folder);
  expect(after).not.toBe(before);
  expect([...after]).toEqual([
    ['alice', 'one\n'],
    ['bob', 'two\n'],
  ]);
});

describe('the first key files of a node', () => {
  const many = Array.from({ length: 40 }, (_, n) => ({ name: `person${n}`, text: `key ${n}\n` }));
  const all = Object.fromEntries(many.map(({ name, text }) => [name, text]));

  test.each([1, 40])('come with their folder, readable to all, whatever the umask (%i)', (count) => {
    const place = path.join(folder, 'keys');
    const mask = process.umask(0o077);
    writeKeyFiles(place, many.slice(0, count));
    expect(process.umask(mask)).toBe(0o077);
    expect(Object.keys(Object.fromEntries(readKeyFiles(place)))).toHaveLength(count);
    expect(lstatSync(place).mode & 0o777).toBe(0o755);
    expect(lstatSync(path.join(place, 'person0')).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder)).toEqual(['keys']);
  });

  test('take the place of an empty folder, and of what a kill has left beside it', () => {
    const left = `${folder}.sunk-agent-new`;
    mkdirSync(left);
    writeFileSync(path.join(left, 'somebody'), 'half a k');
    // What an administrator has made of the folder, or SELinux.
    chmodSync(folder, 0o751);
    const hasAttributes = spawnSync('setfattr', ['-n', 'user.note', '-v', 'kept', folder]).status === 0;
    if (!hasAttributes) process.stderr.write('skipped in part: this file system keeps no attributes\n');
    expect(read()).toEqual({});
    writeKeyFiles(folder, many);
    expect(read()).toEqual(all);
    expect(lstatSync(folder).mode & 0o777).toBe(0o751);
    const { stdout } = spawnSync('getfattr', ['--only-values', '-n', 'user.note', folder], {
      encoding: 'utf8',
    });
    if (hasAttributes) expect(stdout).toBe('kept');
    expect(existsSync(left)).toBe(false);
  });

  test('are written through a link that stands for the folder', () => {
    const elsewhere = path.join(folder, 'elsewhere');
    const link = path.join(folder, 'keys');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, link);
    writeKeyFiles(link, many);
    expect(readdirSync(elsewhere)).toHaveLength(many.length);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  test('of which one cannot be written are none, and nothing is left', () => {
    const place = path.join(folder, 'keys');
    // One that is there already stands for whatever the disk refuses.
    expect(() => writeKeyFiles(place, [...many, { name: 'person1', text: 'again\n' }])).toThrow(
      /cannot fill/,
    );
    expect(() => writeKeyFiles(place, [...many, { name: '../up', text: '' }])).toThrow(/not an account/);
    expect(readdirSync(folder)).toEqual([]);
  });

  const mounted = spawnSync('mount', ['--version']).status === 0 && process.geteuid?.() === 0;
  if (!mounted)
    process.stderr.write('skipped: a folder of keys that is a mount point needs root and mount\n');
  test.runIf(mounted)('are written one by one where the folder is a mount point', () => {
    expect(spawnSync('mount', ['-t', 'tmpfs', 'none', folder]).status).toBe(0);
    try {
      writeKeyFiles(folder, many);
      expect(read()).toEqual(all);
      expect(existsSync(`${folder}.sunk-agent-new`)).toBe(false);
    } finally {
      spawnSync('umount', ['--lazy', folder]);
    }
  });
});
