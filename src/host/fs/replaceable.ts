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
    const locked = readFlags(file) & (IMMUTABLE | APPEND_ONLY);
    if (locked !== 0) {
      const what = (locked & IMMUTABLE) === 0 ? ['append-only', 'a'] : ['immutable', 'i'];
      throw new AgentError('host_write', `${file} is ${what[0] ?? ''}`, {
        hint: `chattr -${what[1] ?? ''} ${file}; until then nothing in this set of files changes`,
      });
    }
  }
}

/** 0 on file systems without such flags. */
function readFlags(file: string): number {
  const fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const flags = Buffer.alloc(8);
    return ioctl(fd, FS_IOC_GETFLAGS, flags) === 0 ? flags.readUInt32LE() : 0;
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
