// The package that tests share is built anew whenever anything that goes into it has changed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashSources } from '../../support/hash-sources.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'hash-sources-'));
const write = (name: string, text: string): void => writeFileSync(path.join(directory, name), text);
const hash = (more: unknown = 'none'): string => hashSources(directory, ['src', 'package.json'], more);

beforeAll(() => {
  execFileSync('git', ['init', '--quiet', directory]);
  mkdirSync(path.join(directory, 'src'));
  write('src/a.ts', 'a');
  write('src/b.ts', 'b');
  write('package.json', '{}');
  write('.gitignore', 'ignored.ts\n');
  execFileSync('git', ['-C', directory, 'add', '.']);
});
afterAll(() => rmSync(directory, { recursive: true }));

test('the same sources are the same, whatever lies beside them', () => {
  const before = hash();
  write('README.md', 'beside');
  write('src/ignored.ts', 'ignored');
  write('src/a.ts', 'a');
  expect(hash()).toBe(before);
});

test.each<[string, () => void]>([
  ['a changed file', () => write('src/a.ts', 'A')],
  ['a new file that git does not know yet', () => write('src/c.ts', '')],
  ['a removed file', () => rmSync(path.join(directory, 'src/b.ts'))],
  ['a changed package.json', () => write('package.json', '{ }')],
  ['text that moved from one file to the next', () => (write('src/a.ts', ''), write('src/c.ts', 'A'))],
])('%s is another hash', (_what, change) => {
  const before = hash();
  change();
  expect(hash()).not.toBe(before);
});

test('another commit or compression is another hash', () => {
  expect(hash('xz')).not.toBe(hash('none'));
});
