// Copies plain files between file systems, with owner, mode and time.
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  futimesSync,
  lstatSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';

/**
 * Copies content, owner (as root), mode and time of a plain file to a new one; follows no link. The caller syncs it to disk.
 * @throws Error for anything but a plain file; the system's error
 */
export function copyFile(from: string, to: string): void {
  const source = openSync(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(source);
    if (!found.isFile()) throw new Error(`${from} is not a plain file: remove it`);
    const target = openSync(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      copyContent(source, target);
      if (process.geteuid?.() === 0) fchownSync(target, found.uid, found.gid);
      fchmodSync(target, found.mode & 0o7777);
      futimesSync(target, found.atime, found.mtime);
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

/** All that is left to read of one descriptor, into another. */
export function copyContent(source: number, target: number): void {
  const buffer = Buffer.alloc(65_536);
  let position = 0;
  for (let size = readSync(source, buffer); size > 0; size = readSync(source, buffer)) {
    for (let done = 0; done < size;) done += writeSync(target, buffer, done, size - done, position + done);
    position += size;
  }
}

/** Whether one plain file is a copy of the other: a copy has size and time of its original. */
export function isCopy(a: string, b: string): boolean {
  const [one, other] = [lstatSync(a), lstatSync(b)];
  return one.isFile() && other.isFile() && one.size === other.size && one.mtimeMs === other.mtimeMs;
}
