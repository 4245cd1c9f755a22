// Checks that files can be replaced by rename(2), before the first of them is, so that no set is half replaced.
import { closeSync, constants, lstatSync, openSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { AgentError } from '../../common/errors.ts';
import { bindLibc } from '../../common/libc.ts';

const ioctl = bindLibc<(fd: number, request: number, flags: Buffer) => number>(
  'int ioctl(int fd, unsigned long request, void *flags)',
);

/** ioctl_iflags(2): `_IOR('f', 1, long)` on 64-bit machines, and the flags that chattr(1) calls i and a. */
const FS_IOC_GETFLAGS = 0x8008_6601;
const IMMUTABLE = 0x10;
const APPEND_ONLY = 0x20;

/**
 * Refuses what rename(2) would refuse: what is no plain file, a file locked by chattr(1), a file that is a mount point
 * (a bind mount of a single file, as in containers).
 * @throws AgentError host_write
 */
export function demandReplaceable(files: readonly string[]): void {
  const mounts = readMountPoints();
  const directories = new Map(files.map((file) => [path.dirname(file), '']));
  for (const directory of directories.keys()) directories.set(directory, realpathSync(directory));
  for (const file of files) {
    const found = lstatSync(file, { throwIfNoEntry: false });
    if (found === undefined) continue;
    if (!found.isFile()) {
      throw new AgentError('host_write', `${file} is not a plain file`, {
        hint: 'rename would replace a link by a file: put the file itself there',
      });
    }
    if (mounts.has(path.join(directories.get(path.dirname(file)) ?? '', path.basename(file)))) {
      throw new AgentError('host_write', `${file} is mounted by itself, so it cannot be replaced`, {
        hint: 'mount its directory, not the file',
      });
    }
    const lock = readLock(file);
    if (lock !== null) {
      throw new AgentError('host_write', `${file} is ${lock.what}`, {
        hint: `chattr -${lock.letter} ${file}; until then nothing in this set of files changes`,
      });
    }
  }
}

/** How chattr(1) has locked a file or directory. */
export interface FileLock {
  readonly what: 'immutable' | 'append-only';
  readonly letter: 'i' | 'a';
}

/** null: it is not locked, or on a file system without such flags. */
export function readLock(file: string): FileLock | null {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const buffer = Buffer.alloc(8);
    const flags = ioctl(fd, FS_IOC_GETFLAGS, buffer) === 0 ? buffer.readUInt32LE() : 0;
    if ((flags & IMMUTABLE) !== 0) return { what: 'immutable', letter: 'i' };
    return (flags & APPEND_ONLY) === 0 ? null : { what: 'append-only', letter: 'a' };
  } finally {
    closeSync(fd);
  }
}

/** The fifth field of proc_pid_mountinfo(5), with blanks in octal. */
export function readMountPoints(): Set<string> {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return new Set(
    lines.map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, digits: string) =>
        String.fromCharCode(parseInt(digits, 8)),
      ),
    ),
  );
}
