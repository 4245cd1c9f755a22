// Disk space reserved for syncs, so that a full disk does not delay a revocation.
import { closeSync, constants, lstatSync, openSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { isSystemError } from '../../common/system-error.ts';
import { bindLibc } from '../../common/libc.ts';

/** Enough for SQLite's log, a status, and the account files of about ten thousand users while they are replaced. */
export const RESERVE_BYTES = 8 * 2 ** 20;

/** With less free space than this no reserve is made at the cost of other programs. */
const PLENTY_BYTES = 4 * RESERVE_BYTES;

const allocate = bindLibc<(fd: number, offset: number, length: number) => number>(
  'int posix_fallocate(int fd, long offset, long len)',
);

/** Reserves that this process has released and not yet made whole again. */
const released = new Set<string>();

/**
 * Releases the reserve if the disk is full; to be called before anything is opened or written.
 * @returns whether it was released, for the first time since it was last whole.
 */
export function giveRoom(file: string): boolean {
  return attemptQuietly(() => {
    if (readFree(file) >= RESERVE_BYTES || lstatSync(file, { throwIfNoEntry: false }) === undefined)
      return false;
    rmSync(file, { force: true });
    const isFirst = !released.has(file);
    released.add(file);
    return isFirst;
  });
}

/** Makes the reserve whole where plenty of space is free, or takes back what is left of a released one. */
export function keepReserve(file: string): void {
  attemptQuietly(() => {
    const size = lstatSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size >= RESERVE_BYTES) return false;
    const free = readFree(file);
    const isPlenty = free >= PLENTY_BYTES;
    if (!isPlenty && (size > 0 || !released.has(file))) return false;
    const fd = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    const status = allocate(fd, 0, isPlenty ? RESERVE_BYTES : Math.min(RESERVE_BYTES, free));
    closeSync(fd);
    if (status !== 0) rmSync(file, { force: true });
    else if (isPlenty) released.delete(file);
    return true;
  });
}

/** Bytes that are free for a process without root's share of the disk, such as the agent's unit. */
function readFree(file: string): number {
  const { bavail, bsize } = statfsSync(path.dirname(file));
  return bavail * bsize;
}

/** A sync works without the reserve: what prevents making or releasing it, the sync meets and reports itself. */
function attemptQuietly(work: () => boolean): boolean {
  try {
    return work();
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}
