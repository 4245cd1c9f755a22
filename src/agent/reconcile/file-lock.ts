// One sync at a time on a host, whichever process asks: a flock(2) that dies with its holder.
import { closeSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError } from '../../common/errors.ts';
import { tryFlock } from '../../common/flock.ts';
import { attempt } from '../../common/system-error.ts';

const POLL_MS = 100;

/**
 * Takes the lock, waiting for its holder.
 * @param onWait called once when another process holds it.
 * @param patience milliseconds to wait at most.
 * @returns a function that gives the lock back.
 * @throws AgentError lock_busy, host_write
 */
export async function acquireFileLock(
  file: string,
  onWait: () => void,
  patience: number,
): Promise<() => void> {
  const fd = openLockFile(file);
  const deadline = performance.now() + patience;
  for (let isFirst = true; !tryFlock(fd, 'exclusive'); isFirst = false) {
    if (isFirst) onWait();
    if (performance.now() > deadline) {
      closeSync(fd);
      throw new AgentError(
        'lock_busy',
        `another sync holds ${file} for more than ${Math.round(patience / 1000)} s`,
      );
    }
    await sleep(POLL_MS);
  }
  return () => closeSync(fd);
}

/** What all processes of one node have in common, and those of two nodes never: which file their sync lock is. */
export function nameNode(file: string): string {
  const fd = openLockFile(file);
  const { dev, ino } = fstatSync(fd);
  closeSync(fd);
  return `${dev}:${ino}`;
}

function openLockFile(file: string): number {
  return attempt(`cannot open the sync lock ${file}`, () => {
    mkdirSync(path.dirname(file), { recursive: true });
    return openSync(file, 'a', 0o600);
  });
}
