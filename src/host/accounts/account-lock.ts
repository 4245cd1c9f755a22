// The lock that passwd(1), useradd(8) and systemd-sysusers take: lckpwdf(3)'s fcntl lock on /etc/.pwd.lock.
import { closeSync, constants, openSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { AgentError } from '../../common/errors.ts';
import { toHostWrite } from '../../common/system-error.ts';

const F_SETLK = 6;
const F_WRLCK = 1;
const POLL_MS = 50;

type SetLock = (fd: number, command: number, lock: object) => number;

let setLock: SetLock | null = null;

/** struct flock of Linux on 64-bit machines (fcntl(2)); all zero after the type means the whole file. */
function loadSetLock(): SetLock {
  const flock = koffi.struct('flock', {
    l_type: 'short',
    l_whence: 'short',
    l_start: 'int64',
    l_len: 'int64',
    l_pid: 'int',
  });
  const libc = koffi.load('libc.so.6');
  return libc.func('fcntl', 'int', ['int', 'int', koffi.pointer(flock)]) as SetLock;
}

function openLock(file: string): number {
  try {
    return openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (cause) {
    throw toHostWrite(`cannot open the lock ${file}`, cause);
  }
}

/**
 * Runs `work` under the lock. lckpwdf(3) itself would block the event loop, so the lock is polled.
 * No other part of this process may open and close `.pwd.lock` meanwhile: that would drop the lock (fcntl(2)).
 * @param patience milliseconds; the shadow tools hold it for moments.
 * @throws AgentError lock_busy, host_write
 */
export async function withAccountLock<T>(root: string, patience: number, work: () => T): Promise<T> {
  setLock ??= loadSetLock();
  const file = path.join(root, 'etc/.pwd.lock');
  const fd = openLock(file);
  try {
    const lock = { l_type: F_WRLCK, l_whence: 0, l_start: 0, l_len: 0, l_pid: 0 };
    for (
      const deadline = performance.now() + patience;
      setLock(fd, F_SETLK, lock) !== 0;
      await sleep(POLL_MS)
    ) {
      if (performance.now() > deadline) {
        throw new AgentError('lock_busy', `another program holds ${file} for more than ${patience / 1000} s`);
      }
    }
    return work();
  } finally {
    closeSync(fd);
  }
}
