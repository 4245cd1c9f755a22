// Commands whose output another program reads only in part, as in `sunk-agent sync | head -1`.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makePublicKey } from '../../support/nodes/organisation-on-disk.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

let node: ThrowawayRoot;
beforeEach(async () => {
  node = await makeThrowawayRoot();
});
afterEach(() => node.close());

test('a sync completes, says no more than was read, and ends with its own status', async () => {
  const people = [];
  for (const name of ['ann', 'ben', 'cat'])
    people.push(await node.pushUser(`${name}@example.com`, makePublicKey()));
  await node.pushGroup('slurm-users', people);
  const child = node.start('sync');
  // The reader is gone before the first byte.
  child.stdout?.destroy();
  const [stderr] = await Promise.all([text(child.stderr ?? Readable.from('')), once(child, 'close')]);
  // Log lines, and what an ordinary user is told.
  const isMeant = (line: string): boolean => line === '' || /^(?:\{|sunk-agent: not root: )/.test(line);
  expect(stderr.split('\n').filter((line) => !isMeant(line))).toEqual([]);
  expect(child.exitCode).toBe(0);
  expect(existsSync(path.join(node.root, 'var/lib/sunk-agent/authorized_keys/cat'))).toBe(true);
});
