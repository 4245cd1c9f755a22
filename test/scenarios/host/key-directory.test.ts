import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readKeyFiles, removeKeyFile, writeKeyFiles } from '../../../src/host/keys/authorized-keys.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'key-directory-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const read = (): Record<string, string> => Object.fromEntries(readKeyFiles(directory));

test('a key file is read again after every change, in place or by rename, even with its old times', () => {
  writeKeyFiles(directory, [
    { name: 'alice', text: 'one\n' },
    { name: 'bob', text: 'one\n' },
  ]);
  expect(read()).toEqual({ alice: 'one\n', bob: 'one\n' });
  // Of the same length, and within the same tick of the kernel's clock.
  writeFileSync(path.join(directory, 'alice'), 'two\n');
  expect(read()).toEqual({ alice: 'two\n', bob: 'one\n' });
  writeFileSync(path.join(directory, 'alice'), 'new\n');
  utimesSync(path.join(directory, 'alice'), 1, 1);
  expect(read()).toEqual({ alice: 'new\n', bob: 'one\n' });
  writeKeyFiles(directory, [{ name: 'bob', text: 'new\n' }]);
  expect(read()).toEqual({ alice: 'new\n', bob: 'new\n' });
  removeKeyFile(directory, 'alice');
  symlinkSync('bob', path.join(directory, 'carol'));
  expect(read()).toEqual({ bob: 'new\n', carol: 'new\n' });
  writeFileSync(path.join(directory, 'bob'), 'end\n');
  expect(read()).toEqual({ bob: 'end\n', carol: 'end\n' });
});

test('a directory that replaced another is read again, and so is one that was moved away and back', () => {
  writeKeyFiles(directory, [{ name: 'alice', text: 'one\n' }]);
  expect(read()).toEqual({ alice: 'one\n' });
  renameSync(directory, `${directory}-old`);
  mkdirSync(directory);
  expect(read()).toEqual({});
  writeKeyFiles(directory, [{ name: 'bob', text: 'one\n' }]);
  expect(read()).toEqual({ bob: 'one\n' });
  rmSync(directory, { recursive: true });
  expect(read()).toEqual({});
  renameSync(`${directory}-old`, directory);
  expect(read()).toEqual({ alice: 'one\n' });
  writeFileSync(path.join(directory, 'alice'), 'two\n');
  expect(read()).toEqual({ alice: 'two\n' });
});

describe('the first key files of a node', () => {
  const many = Array.from({ length: 40 }, (_, n) => ({ name: `person${n}`, text: `key ${n}\n` }));
  const all = Object.fromEntries(many.map(({ name, text }) => [name, text]));

  test.each([1, 40])('come with their directory, readable to all, whatever the umask (%i)', (count) => {
    const keyDirectory = path.join(directory, 'keys');
    const mask = process.umask(0o077);
    writeKeyFiles(keyDirectory, many.slice(0, count));
    expect(process.umask(mask)).toBe(0o077);
    expect(Object.keys(Object.fromEntries(readKeyFiles(keyDirectory)))).toHaveLength(count);
    expect(lstatSync(keyDirectory).mode & 0o777).toBe(0o755);
    expect(lstatSync(path.join(keyDirectory, 'person0')).mode & 0o777).toBe(0o644);
    expect(readdirSync(directory)).toEqual(['keys']);
  });

  test('replace an empty directory, and what a kill left beside it', () => {
    const left = `${directory}.sunk-agent-new`;
    mkdirSync(left);
    writeFileSync(path.join(left, 'alice'), 'half a k');
    // Attributes that an administrator or SELinux has set on the directory.
    chmodSync(directory, 0o751);
    const hasAttributes = spawnSync('setfattr', ['-n', 'user.note', '-v', 'kept', directory]).status === 0;
    if (!hasAttributes) process.stderr.write('skipped in part: this file system keeps no attributes\n');
    expect(read()).toEqual({});
    writeKeyFiles(directory, many);
    expect(read()).toEqual(all);
    expect(lstatSync(directory).mode & 0o777).toBe(0o751);
    const { stdout } = spawnSync('getfattr', ['--only-values', '-n', 'user.note', directory], {
      encoding: 'utf8',
    });
    if (hasAttributes) expect(stdout).toBe('kept');
    expect(existsSync(left)).toBe(false);
  });

  test('are written through a link in place of the directory', () => {
    const elsewhere = path.join(directory, 'elsewhere');
    const link = path.join(directory, 'keys');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, link);
    writeKeyFiles(link, many);
    expect(readdirSync(elsewhere)).toHaveLength(many.length);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });

  test('of which one cannot be written are none, and nothing is left', () => {
    const keyDirectory = path.join(directory, 'keys');
    // A duplicate name fails as a refusal of the disk would.
    expect(() => writeKeyFiles(keyDirectory, [...many, { name: 'person1', text: 'again\n' }])).toThrow(
      /cannot fill/,
    );
    expect(() => writeKeyFiles(keyDirectory, [...many, { name: '../up', text: '' }])).toThrow(
      /not an account name/,
    );
    expect(readdirSync(directory)).toEqual([]);
  });

  const mounted = spawnSync('mount', ['--version']).status === 0 && process.geteuid?.() === 0;
  if (!mounted)
    process.stderr.write('skipped: a directory of keys that is a mount point needs root and mount\n');
  test.runIf(mounted)('are written one by one where the directory is a mount point', () => {
    expect(spawnSync('mount', ['-t', 'tmpfs', 'none', directory]).status).toBe(0);
    try {
      writeKeyFiles(directory, many);
      expect(read()).toEqual(all);
      expect(existsSync(`${directory}.sunk-agent-new`)).toBe(false);
    } finally {
      spawnSync('umount', ['--lazy', directory]);
    }
  });
});
