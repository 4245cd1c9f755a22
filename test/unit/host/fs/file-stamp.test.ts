import { mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stampFiles } from '../../../../src/host/fs/file-stamp.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'stamp-'));
  file = path.join(directory, 'file');
  writeFileSync(file, 'text');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a file that nothing changed has one stamp', () => {
  expect(stampFiles([file])).toBe(stampFiles([file]));
});

test.each<[string, () => void]>([
  ['another text of the same size, with the old time', () => rewrite('next')],
  ['a file in its place', () => replace('text')],
  ['its removal', () => rmSync(file)],
  ['a link to another file', () => link('text')],
])('%s changes the stamp', (_, change) => {
  const before = stampFiles([file, directory]);
  change();
  expect(stampFiles([file, directory])).not.toBe(before);
});

test('a write behind a link changes the stamp of the link, and a missing file is no error', () => {
  const name = path.join(directory, 'link');
  symlinkSync(file, name);
  const before = stampFiles([name, `${file}.missing`]);
  rewrite('next');
  expect(stampFiles([name, `${file}.missing`])).not.toBe(before);
});

function rewrite(text: string): void {
  writeFileSync(file, text);
  utimesSync(file, 1, 1);
}

function replace(text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

function link(text: string): void {
  writeFileSync(`${file}.other`, text);
  rmSync(file);
  symlinkSync(`${file}.other`, file);
}
