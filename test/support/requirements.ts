// Tests that need what not every machine has: elsewhere they are skipped, and say why.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, test } from 'vitest';
import { findObstacle } from './obstacle.ts';

/** `describe` on machines that can boot nodes; elsewhere one test that says why not, and fails where CI is set. */
export function describeOnNodes(name: string, body: () => void): void {
  describeUnless(findObstacle(), name, body);
}

/** `describe` where these programs are installed; elsewhere as above. */
export function describeWith(programs: readonly string[], name: string, body: () => void): void {
  const missing = programs.filter((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
  describeUnless(missing.length === 0 ? null : `${missing.join(', ')} not installed`, name, body);
}

/** `describe` where nothing is missing; elsewhere as above. @param obstacle null: nothing is. */
export function describeUnless(obstacle: string | null, name: string, body: () => void): void {
  if (obstacle === null) {
    describe(name, body);
    return;
  }
  if (process.env['CI'] === 'true') {
    test(name, () => {
      throw new Error(`cannot be skipped in CI: ${obstacle}`);
    });
    return;
  }
  process.stderr.write(`skipped: ${name}: ${obstacle}\n`);
  test.skip(`${name} (${obstacle})`, () => {});
}

/** Whether this is root; elsewhere it says that a file has tests that are skipped for want of it. @param file import.meta.filename. */
export function hasRoot(file: string): boolean {
  return sayUnless(process.geteuid?.() === 0 ? null : 'root is needed', file);
}

/** Whether nothing is missing; else it says what is, and whose tests are skipped. It throws where CI is set. */
export function sayUnless(obstacle: string | null, file: string): boolean {
  if (obstacle === null) return true;
  if (process.env['CI'] === 'true') throw new Error(`cannot be skipped in CI: ${obstacle}`);
  process.stderr.write(`skipped in ${path.relative(process.cwd(), file)}: ${obstacle}\n`);
  return false;
}
