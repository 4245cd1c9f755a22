// The lock that passwd(1), useradd(8) and systemd-sysusers take: lckpwdf(3)'s fcntl lock on /etc/.pwd.lock.
import { closeSync, constants, openSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError } from '../../common/errors.ts';
import { bindLibc } from '../../common/libc.ts';
import { toHostWrite } from '../../common/system-error.ts';

const F_SETLK = 6;
const F_WRLCK = 1;
const POLL_MS = 50;

const setLock = bindLibc<(fd: number, command: number, lock: Buffer) => number>(
  'int fcntl(int fd, int command, void *lock)',
);

/** struct flock of Linux on 64-bit machines (fcntl(2)); all zero after the type means the whole file. */
function renderWriteLock(): Buffer {
  const lock = Buffer.alloc(32);
  lock.writeInt16LE(F_WRLCK);
  return lock;
}

function openLock(file: string): number {
  try {
    return openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (cause) {
    throw toHostWrite(`cannot open the lock ${file}`, cause);
  }
}

/**
 * Runs `work` under the lock. Polls, because lckpwdf(3) itself would block the event loop.
 * No other part of this process may open and close `.pwd.lock` meanwhile: that would drop the lock (fcntl(2)).
 * @param timeout milliseconds; the shadow tools hold the lock for moments.
 * @throws AgentError lock_busy, host_write
 */
export async function withAccountLock<T>(root: string, timeout: number, work: () => T): Promise<T> {
  const file = path.join(root, 'etc/.pwd.lock');
  const fd = openLock(file);
  try {
    const lock = renderWriteLock();
    for (
      const deadline = performance.now() + timeout;
      setLock(fd, F_SETLK, lock) !== 0;
      await sleep(POLL_MS)
    ) {
      if (performance.now() > deadline) {
        throw new AgentError('lock_busy', `another program holds ${file} for more than ${timeout / 1000} s`);
      }
    }
    return work();
  } finally {
    closeSync(fd);
  }
}
