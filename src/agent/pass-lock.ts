// One pass at a time on a host, whoever asks: a flock(2) that dies with its holder.
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { AgentError } from '../errors.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;
const POLL_MS = 100;

let flock: ((fd: number, operation: number) => number) | null = null;

/**
 * Takes the lock, waiting for whoever holds it.
 * @param onWait called once when somebody else holds it.
 * @param patience milliseconds to wait at most.
 * @returns a function that gives the lock back.
 * @throws AgentError lock_busy
 */
export async function takePassLock(file: string, onWait: () => void, patience: number): Promise<() => void> {
  flock ??= koffi.load('libc.so.6').func('int flock(int fd, int operation)') as (
    fd: number,
    operation: number,
  ) => number;
  mkdirSync(path.dirname(file), { recursive: true });
  const fd = openSync(file, 'a', 0o600);
  const deadline = performance.now() + patience;
  for (let isFirst = true; flock(fd, LOCK_EX | LOCK_NB) !== 0; isFirst = false) {
    if (isFirst) onWait();
    if (performance.now() > deadline) {
      closeSync(fd);
      throw new AgentError(
        'lock_busy',
        `another pass holds ${file} for more than ${Math.round(patience / 1000)} s`,
      );
    }
    await sleep(POLL_MS);
  }
  return () => closeSync(fd);
}
