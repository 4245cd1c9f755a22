// Opens a directory step by step by descriptors, so that no rename or symbolic link of another user leads astray, and says
// who besides root could have replaced a step.
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, type Stats } from 'node:fs';
import { isSystemError } from '../../common/system-error.ts';

/** open(2): a descriptor that only names a directory; Node has no constant for it. */
const O_PATH = 0o10000000;
const DIRECTORY = O_PATH | constants.O_DIRECTORY;
/** As many as path_resolution(7) follows. */
const MAX_LINKS = 40;
const STICKY = 0o1000;
const OTHERS_WRITE = 0o022;

export interface TrustedDirectory {
  /** Of the directory, to be used with `entryOf`; null: it does not exist, or cannot be reached. */
  readonly fd: number | null;
  /** Every user can create something in the directory, and move none of what root created (mode 1777). */
  readonly isSticky: boolean;
  /** Who besides root can replace the directory or what is in it, as a clause; null: root alone. */
  readonly hazard: string | null;
}

/**
 * Calls `work` with a directory below `root`, which is trusted itself. Symbolic links of root are followed.
 * @throws the system's error, where a step cannot be examined that root alone can have replaced.
 */
export function withTrustedDirectory<T>(
  root: string,
  directory: string,
  work: (parent: TrustedDirectory) => T,
): T {
  const opened: number[] = [];
  try {
    return work(walk(root, directory, opened));
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

/** The path of an entry of an open directory, which a rename of the directory does not change. */
export function entryOf(fd: number, name: string): string {
  return `/proc/self/fd/${fd}/${name}`;
}

interface Step {
  readonly fd: number;
  /** For operators. */
  readonly name: string;
  readonly isSticky: boolean;
}

function walk(root: string, directory: string, opened: number[]): TrustedDirectory {
  const open = (file: string, flags: number): number => {
    const fd = openSync(file, flags);
    opened.push(fd);
    return fd;
  };
  const top: Step = { fd: open(root, DIRECTORY), name: '', isSticky: false };
  const above: Step[] = [top];
  const left = split(directory);
  let links = 0;
  let hazard: string | null = null;
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    const here = above.at(-1) ?? top;
    if (name === '..') {
      if (above.length > 1) above.pop();
      continue;
    }
    const entry = entryOf(here.fd, name);
    const shown = `${here.name}/${name}`;
    try {
      const found = lstatSync(entry, { throwIfNoEntry: false });
      if (found === undefined) return { fd: null, isSticky: here.isSticky, hazard };
      if (found.isSymbolicLink()) {
        hazard ??= findOwner(found, shown);
        links += 1;
        if (links > MAX_LINKS) return { fd: null, isSticky: false, hazard: hazard ?? `${shown} is a loop` };
        const target = readlinkSync(entry);
        if (target.startsWith('/')) above.length = 1;
        left.unshift(...split(target));
        continue;
      }
      const fd = open(entry, DIRECTORY | constants.O_NOFOLLOW);
      const stats = fstatSync(fd);
      hazard ??= findOwner(stats, shown) ?? findWriters(stats, shown);
      above.push({ fd, name: shown, isSticky: (stats.mode & OTHERS_WRITE) !== 0 });
    } catch (cause) {
      // Where another user can replace a step, they can also have caused that it cannot be examined.
      if (hazard === null || !isSystemError(cause)) throw cause;
      return { fd: null, isSticky: false, hazard };
    }
  }
  const { fd, isSticky } = above.at(-1) ?? top;
  return { fd, isSticky, hazard };
}

function split(file: string): string[] {
  return file.split('/').filter((name) => name !== '' && name !== '.');
}

function findOwner({ uid }: Stats, what: string): string | null {
  const isTrusted = uid === 0 || uid === process.geteuid?.();
  return isTrusted ? null : `${what} belongs to uid ${uid}, who can replace what is in it`;
}

function findWriters({ mode }: Stats, what: string): string | null {
  if ((mode & OTHERS_WRITE) === 0 || (mode & STICKY) !== 0) return null;
  const who = (mode & 0o002) === 0 ? 'its group' : 'every user';
  return `${who} can replace what is in ${what} (mode ${(mode & 0o7777).toString(8).padStart(4, '0')})`;
}
