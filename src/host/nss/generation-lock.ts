// One process of a node publishes at a time: flock(2), for as long as a publication takes.
import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { tryFlock } from '../../common/flock.ts';

const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const PATIENCE_MS = 5000;
const STEP_MS = 10;

/**
 * Waits while another process publishes; one that hangs delays a revocation by the patience, and does not prevent it. The
 * lock is the node's own, since a volume may have none.
 * @throws the system's error
 */
export function withGenerationLock<T>(root: string, work: () => T): T {
  const file = path.join(root, 'run/sunk-agent/generation.lock');
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o755 });
  const fd = openSync(file, FLAGS, 0o600);
  try {
    const still = new Int32Array(new SharedArrayBuffer(4));
    for (let waited = 0; !tryFlock(fd, 'exclusive') && waited < PATIENCE_MS; waited += STEP_MS)
      Atomics.wait(still, 0, 0, STEP_MS);
    return work();
  } finally {
    closeSync(fd);
  }
}
