// Makes durable what was written: one file or directory (fsync(2)), or all of a file system at once (syncfs(2)).
import { closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { bindLibc, bindLibcAsync } from '../../common/libc.ts';

const SYNCFS = 'int syncfs(int fd)';
const syncfs = bindLibc<(fd: number) => number>(SYNCFS);
const syncfsAside = bindLibcAsync(SYNCFS);

/** Has the disk begin with what is written so far, so that the sync at the end, which counts, is a short one. */
export function beginSync(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  syncfsAside([fd], () => closeSync(fd));
}

/** Makes everything durable that was written to the file system of a directory. */
export function syncFileSystem(directory: string): void {
  withOpen(directory, (fd) => {
    if (syncfs(fd) !== 0) throw new Error(`cannot write the file system of ${directory} to disk (syncfs)`);
  });
}

/** Makes a directory's own entries durable, or a file's data. */
export function syncToDisk(file: string): void {
  withOpen(file, fsyncSync);
}

/** Does something with a file or directory that is open to be read. */
export function withOpen(file: string, work: (fd: number) => void): void {
  const fd = openSync(file, constants.O_RDONLY);
  try {
    work(fd);
  } finally {
    closeSync(fd);
  }
}
