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
  directory = mkdtempSync(path.join(tmpdir(), 'stat-cache-'));
  file = path.join(directory, 'alice');
});
afterEach(() => rmSync(directory, { recursive: true }));

const read = (known?: StatCache | null): StatCache | null =>
  readThroughStatCache({ directory: AT_FDCWD, name: file, file }, 'utf8', known ?? undefined);

/** Writes a file, and waits longer than a step of the file system's clock. */
async function writeAndWait(text: string): Promise<StatCache | null> {
  writeFileSync(file, text);
  await sleep(2100);
  return read();
}

describe('a text kept by stat', () => {
  it('is the same object as long as the file is unchanged', async () => {
    const first = await writeAndWait('one\n');
    expect(first?.text).toBe('one\n');
    expect(read(first)).toBe(first);
  });

  it('is read again after a change in place that keeps size and mtime', async () => {
    const first = await writeAndWait('one\n');
    writeFileSync(file, 'two\n');
    utimesSync(file, 1, 1);
    const second = read(first);
    utimesSync(file, 1, 1);
    writeFileSync(file, 'six\n');
    utimesSync(file, 1, 1);
    expect([second?.text, read(second)?.text]).toEqual(['two\n', 'six\n']);
  });

  it('is read again after another file replaced it', async () => {
    const first = await writeAndWait('one\n');
    writeFileSync(`${file}.new`, 'two\n');
    renameSync(`${file}.new`, file);
    expect(read(first)?.text).toBe('two\n');
  });

  it('is never used for a symbolic link, whose target may change alone', async () => {
    writeFileSync(`${file}.target`, 'one\n');
    symlinkSync(`${file}.target`, file);
    await sleep(2100);
    const first = read();
    writeFileSync(`${file}.target`, 'two\n');
    expect([first?.text, read(first)?.text]).toEqual(['one\n', 'two\n']);
  });

  it('is null after the file was removed', async () => {
    const first = await writeAndWait('one\n');
    rmSync(file);
    expect(read(first)).toBeNull();
  });
});
