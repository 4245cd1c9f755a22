// Tests that need what not every machine has: elsewhere they are skipped, and say why.
import { spawnSync } from 'node:child_process';
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

function describeUnless(obstacle: string | null, name: string, body: () => void): void {
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
