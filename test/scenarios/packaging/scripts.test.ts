// `npm run NAME -- --help`: each script that the documents show explains itself, and refuses what it does not know.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';

const PROJECT = path.resolve(import.meta.dirname, '../../..');
const { scripts } = JSON.parse(readFileSync(path.join(PROJECT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
/** Those that install what a fresh clone lacks, and so are for everyone. */
const NAMES = Object.keys(scripts).filter((name) => /^sh \S+\/start\.sh /.test(scripts[name] ?? ''));
const directory = mkdtempSync(path.join(tmpdir(), 'scripts-'));
afterAll(() => rmSync(directory, { recursive: true }));

const run = (name: string, option: string) =>
  spawnSync('sh', ['-c', `${scripts[name]} ${option}`], {
    cwd: PROJECT,
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: directory },
    timeout: 60_000,
  });

test('there are scripts', () =>
  expect(NAMES).toEqual(expect.arrayContaining(['bench', 'demo', 'faults', 'login-node', 'sunk-agent'])));

test.each(NAMES)('npm run %s explains itself', (name) => {
  const { status, stdout, stderr } = run(name, '--help');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toMatch(
    name === 'sunk-agent' ? /^Usage: sunk-agent / : new RegExp(`^(?:usage: )?npm run ${name}\\b`),
  );
  expect(readdirSync(directory)).toEqual([]);
});

test.each(NAMES)('npm run %s refuses an option that it does not have', (name) => {
  const { status, stdout, stderr } = run(name, '--no-such-option');
  expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
  expect(stderr).toContain('--no-such-option');
  expect(stderr).not.toMatch(/^ +at /m);
  expect(readdirSync(directory)).toEqual([]);
});
