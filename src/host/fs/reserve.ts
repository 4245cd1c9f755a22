// Room that is kept on the disk for the passes: where it is full, whoever has left can still be put out.
import { closeSync, constants, lstatSync, openSync, rmSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { isSystemError } from '../../common/system-error.ts';
import { bindLibc } from '../../common/libc.ts';

/** SQLite's log, a status, and the account files of some ten thousand people while they are replaced. */
export const RESERVE_BYTES = 8 * 2 ** 20;

/** Where less than this is free nobody keeps a reserve at the others' cost. */
const PLENTY_BYTES = 4 * RESERVE_BYTES;

const allocate = bindLibc<(fd: number, offset: number, length: number) => number>(
  'int posix_fallocate(int fd, long offset, long len)',
);

/** Those that this process has given up and not got back. */
const given = new Set<string>();

/**
 * Gives the reserve up if the disk is full; to be called before anything is opened or written.
 * @returns whether it was given up, for the first time since it was last whole.
 */
export function giveRoom(file: string): boolean {
  return attemptQuietly(() => {
    if (readFree(file) >= RESERVE_BYTES || lstatSync(file, { throwIfNoEntry: false }) === undefined)
      return false;
    rmSync(file, { force: true });
    const isFirst = !given.has(file);
    given.add(file);
    return isFirst;
  });
}

/** Makes the reserve whole where there is plenty of room, or takes back what is left of the one that was given up. */
export function keepReserve(file: string): void {
  attemptQuietly(() => {
    const size = lstatSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size >= RESERVE_BYTES) return false;
    const free = readFree(file);
    const isPlenty = free >= PLENTY_BYTES;
    if (!isPlenty && (size > 0 || !given.has(file))) return false;
    const fd = openSync(file, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    const status = allocate(fd, 0, isPlenty ? RESERVE_BYTES : Math.min(RESERVE_BYTES, free));
    closeSync(fd);
    if (status !== 0) rmSync(file, { force: true });
    else if (isPlenty) given.delete(file);
    return true;
  });
}

/** For those who may not use what is set aside for root: the agent's unit may not. */
function readFree(file: string): number {
  const { bavail, bsize } = statfsSync(path.dirname(file));
  return bavail * bsize;
}

/** A pass does without the reserve: what keeps it from being made, or given up, the pass itself will meet and say. */
function attemptQuietly(work: () => boolean): boolean {
  try {
    return work();
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
}
