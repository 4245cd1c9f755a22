// Syncs writes to disk: one file or directory (fsync(2)), or a whole file system at once (syncfs(2)).
import { closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { bindLibc, bindLibcAsync } from '../../common/libc.ts';

const SYNCFS = 'int syncfs(int fd)';
const syncfs = bindLibc<(fd: number) => number>(SYNCFS);
const syncfsAsync = bindLibcAsync(SYNCFS);

/** Starts a sync in the background, so that the final one, which counts, takes less time. */
export function beginSync(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  syncfsAsync([fd], () => closeSync(fd));
}

/** The same, and waits for its end, but no longer than so many milliseconds: a busy disk is shared with others. */
export async function syncWithin(directory: string, milliseconds: number): Promise<void> {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  const over = new Promise<void>((resolve) => {
    syncfsAsync([fd], () => {
      closeSync(fd);
      resolve();
    });
  });
  await Promise.race([over, sleep(milliseconds, null, { ref: false })]);
}

/** Syncs everything that was written to the file system of a directory. */
export function syncFileSystem(directory: string): void {
  withOpen(directory, (fd) => {
    if (syncfs(fd) !== 0) throw new Error(`cannot write the file system of ${directory} to disk (syncfs)`);
  });
}

/** Syncs a directory's own entries, or a file's data. */
export function syncToDisk(file: string): void {
  withOpen(file, fsyncSync);
}

/** Calls `work` with a descriptor of a file or directory, open for reading. */
export function withOpen(file: string, work: (fd: number) => void): void {
  const fd = openSync(file, constants.O_RDONLY);
  try {
    work(fd);
  } finally {
    closeSync(fd);
  }
}
