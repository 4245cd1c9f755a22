import { appendFileSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AT_FDCWD, readFileStamp, type StampResult } from '../../../../src/host/fs/file-stamp.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'file-stamp-'));
  file = path.join(directory, 'file');
  writeFileSync(file, 'one\n');
});
afterEach(() => rmSync(directory, { recursive: true }));

const read = (name: string, known?: StampResult, links?: 'stamp' | 'follow'): StampResult =>
  readFileStamp({ directory: AT_FDCWD, name }, known, links);

describe('the stamp of a file', () => {
  test('is the same object while the file is unchanged', () => {
    const first = read(file);
    expect(first).toMatchObject({ isPlain: true, size: 4 });
    expect(read(file, first)).toBe(first);
  });

  test('is another after a write and after a replacement', () => {
    const first = read(file);
    appendFileSync(file, 'two\n');
    const second = read(file, first);
    expect(second).toMatchObject({ size: 8 });
    writeFileSync(`${file}.new`, 'one\ntwo\n');
    renameSync(`${file}.new`, file);
    expect(read(file, second)).not.toEqual(second);
  });

  test('of a link is its own, or that of its target', () => {
    symlinkSync(file, `${file}.link`);
    expect(read(`${file}.link`)).toMatchObject({ isPlain: false });
    expect(read(`${file}.link`, undefined, 'follow')).toEqual(read(file));
  });

  test('is missing where no file has the name, and unreadable where the system refuses', () => {
    expect(read(`${file}.none`)).toBe('missing');
    expect(read(`${file}.none`, read(file))).toBe('missing');
    expect(read(path.join(file, 'below'))).toBe('unreadable');
  });
});
