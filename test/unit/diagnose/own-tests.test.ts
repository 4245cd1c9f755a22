// Each file of why/ and doctor/ that exports a function has a test file of its own name.
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const SRC = path.resolve(import.meta.dirname, '../../../src/diagnose');

/** Those without one, and why. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  'doctor/gather.ts': 'starts the reader and asks sshd: test/scenarios/cli and test/system run it',
  'doctor/gather-agent.ts':
    'asks the agent and two readers: test/scenarios/agent/running-reader.test.ts runs it',
  'doctor/gather-sudo.ts': 'reads files of the node: test/system/situations-suite.ts runs it',
  'doctor/gather-publisher.ts':
    'asks ssh-keygen and reads the volumes: test/scenarios/publish/publisher.test.ts runs it',
  'doctor/gather-node.ts': 'asks programs of the node; what their answers mean is node-answers.ts',
  'doctor/gather-slurm.ts':
    'asks Slurm: test/system/slurm.test.ts runs it; what it says is host/slurm/ask-config.ts',
  'doctor/finding.ts': 'decides nothing: it makes a record of its arguments',
  'doctor/print.ts': 'decides nothing: doctor/json.test.ts holds the screen and the JSON to one list',
  'why/verdict.ts': 'decides nothing: it makes a record of its arguments',
};

/** A function, or a constant that is one. */
const FUNCTION = /^export (?:async )?function |^export const \w+ = (?:async )?\([^]*?\)[^=]*=>/m;

const files = globSync('{why,doctor}/**/*.ts', { cwd: SRC }).filter((file) =>
  FUNCTION.test(readFileSync(path.join(SRC, file), 'utf8')),
);
const hasOwnTest = (file: string): boolean =>
  existsSync(path.join(import.meta.dirname, file.replace(/\.ts$/, '.test.ts')));

test.each(files.filter((file) => !(file in EXCEPTIONS)))('%s has a test of its own', (file) => {
  expect(hasOwnTest(file)).toBe(true);
});

test.each(Object.keys(EXCEPTIONS))('%s is still an exception', (file) => {
  expect(files).toContain(file);
  expect(hasOwnTest(file)).toBe(false);
});

test('no judge, check or fix is an exception', () => {
  const deciding = Object.keys(EXCEPTIONS).filter((file) =>
    /^export (?:async )?function (?:judge|check|find|decide|apply|examine)/m.test(
      readFileSync(path.join(SRC, file), 'utf8'),
    ),
  );
  expect(deciding).toEqual([]);
});

test.each([
  'export function judgeStore(facts: Facts): Verdict {',
  'export async function applyFixes(',
  'export const ok = (detail: string): Verdict => ({',
])('a function is found: %s', (line) => {
  expect(`// A file.\n${line}\n`).toMatch(FUNCTION);
});

test.each([
  'export interface Facts {',
  'export const LINK_NAMES = [',
  'function findFix(code: string) {',
  'export type Level = 1;',
])('and nothing else is taken for one: %s', (line) => {
  expect(`// A file.\n${line}\n`).not.toMatch(FUNCTION);
});
