import { mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AT_FDCWD } from '../../../../src/host/fs/file-stamp.ts';
import { readThroughStatCache, type StatCache } from '../../../../src/host/fs/stat-cache.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'remembered-'));
  file = path.join(directory, 'alice');
});
afterEach(() => rmSync(directory, { recursive: true }));

const read = (known?: StatCache | null): StatCache | null =>
  readThroughStatCache({ directory: AT_FDCWD, name: file, file }, 'utf8', known ?? undefined);

/** A file that nobody touched for longer than the clock of the file system takes for a step. */
async function settle(text: string): Promise<StatCache | null> {
  writeFileSync(file, text);
  await sleep(2100);
  return read();
}

describe('a text that is remembered', () => {
  it('is the very same again as long as the file is', async () => {
    const first = await settle('one\n');
    expect(first?.text).toBe('one\n');
    expect(read(first)).toBe(first);
  });

  it('is read again after a change in place that keeps size and mtime', async () => {
    const first = await settle('one\n');
    writeFileSync(file, 'two\n');
    utimesSync(file, 1, 1);
    const second = read(first);
    utimesSync(file, 1, 1);
    writeFileSync(file, 'six\n');
    utimesSync(file, 1, 1);
    expect([second?.text, read(second)?.text]).toEqual(['two\n', 'six\n']);
  });

  it('is read again after another file was put in its place', async () => {
    const first = await settle('one\n');
    writeFileSync(`${file}.new`, 'two\n');
    renameSync(`${file}.new`, file);
    expect(read(first)?.text).toBe('two\n');
  });

  it('is never relied on where a link stands, whose target may change alone', async () => {
    writeFileSync(`${file}.target`, 'one\n');
    symlinkSync(`${file}.target`, file);
    await sleep(2100);
    const first = read();
    writeFileSync(`${file}.target`, 'two\n');
    expect([first?.text, read(first)?.text]).toEqual(['one\n', 'two\n']);
  });

  it('is nothing once the file is gone', async () => {
    const first = await settle('one\n');
    rmSync(file);
    expect(read(first)).toBeNull();
  });
});
