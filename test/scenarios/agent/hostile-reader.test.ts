// What a compromised reader can cost the agent: a little memory and no standstill, and then it is disconnected.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ATTACK_NAMES, type AttackCost } from '../../support/hostile-reader.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../support/hostile-reader.ts');

/** Without bounds the worst took 2,134 MiB and stood still for 83 s. */
const MEBIBYTES = 400;
const SECONDS = 5;

test.each(ATTACK_NAMES)('%s', { timeout: 120_000 }, (attack) => {
  const { stdout, stderr } = spawnSync(process.execPath, [PROGRAM, attack], { encoding: 'utf8' });
  const cost = JSON.parse(stdout === '' ? `"${stderr}"` : stdout) as AttackCost;
  expect(cost.mebibytes).toBeLessThan(MEBIBYTES);
  expect(cost.standstill).toBeLessThan(SECONDS);
  // Keys are judged one by one, and those of one user are bounded, so that nothing is wrong with such an answer.
  expect(cost.isClosed).toBe(attack !== 'keys that take long to read');
});
