// Texts of files that are read again and again, and read only when statx(2) says that they changed.
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { bindLibc, lastErrno } from '../../common/libc.ts';
import { hasCode } from './read-text.ts';

/** Every change of a file moves its ctime, and a file put in its place has another inode. */
interface Stamp {
  readonly isPlain: boolean;
  readonly inoLow: number;
  readonly inoHigh: number;
  /** Bytes. */
  readonly size: number;
  /** Epoch seconds, and the nanoseconds beside them. */
  readonly ctime: number;
  readonly nanoseconds: number;
}

/** What a file held, and the stamp by which it is recognised; null: it must be read again. */
export interface StatCache {
  readonly text: string;
  readonly stamp: Stamp | null;
}

/** statx(2) itself, because lstat of Node takes half as long again for what it wraps the answer in. */
const statx = bindLibc<(fd: number, name: string, flags: number, mask: number, answer: Buffer) => number>(
  'int statx(int fd, const char *name, int flags, unsigned int mask, void *answer)',
);

export const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
/** STATX_TYPE, STATX_CTIME, STATX_INO, STATX_SIZE. */
const MASK = 0x1 | 0x80 | 0x100 | 0x200;

/** struct statx is the same on every machine, its numbers in the machine's own order. */
const answer = Buffer.alloc(256);
const words = new Uint32Array(answer.buffer, answer.byteOffset, answer.length / 4);
const MODE = 28 / 4;
const INO = 32 / 4;
const SIZE = 40 / 4;
const CTIME = 96 / 4;
const NANOSECONDS = 104 / 4;

/** The kernel's clock for ctime moves in steps: a file that changed just now could change again within one. */
const SETTLED_MS = 2000;

/**
 * What the file holds now.
 * @param place the directory's descriptor and the name in it (a link is not followed to stamp it), and its whole path.
 * @param known what was remembered of it; given back as it is where it still holds.
 * @returns null: there is no such file (any more).
 * @throws the system's error
 */
export function readThroughStatCache(
  place: { readonly directory: number; readonly name: string; readonly file: string },
  encoding: 'utf8' | 'latin1',
  known: StatCache | undefined,
): StatCache | null {
  const now = Date.now();
  if (statx(place.directory, place.name, AT_SYMLINK_NOFOLLOW, MASK, answer) !== 0) {
    if (lastErrno() === constants.errno.ENOENT) return null;
    // Whatever it is, reading says it with the path.
    return readAnew(place.file, encoding, null);
  }
  if (known?.stamp !== undefined && known.stamp !== null && isStill(known.stamp)) return known;
  const stamp = readStamp();
  const isSettled = stamp.isPlain && now - stamp.ctime * 1000 > SETTLED_MS;
  return readAnew(place.file, encoding, isSettled ? stamp : null);
}

/** A file that goes between the look and the reading is not there. */
function readAnew(file: string, encoding: 'utf8' | 'latin1', stamp: Stamp | null): StatCache | null {
  try {
    return { text: readFileSync(file, encoding), stamp };
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return null;
    throw cause;
  }
}

function isStill({ inoLow, inoHigh, size, ctime, nanoseconds }: Stamp): boolean {
  return (
    words[NANOSECONDS] === nanoseconds &&
    words[INO] === inoLow &&
    words[INO + 1] === inoHigh &&
    readLong(CTIME) === ctime &&
    readLong(SIZE) === size
  );
}

function readStamp(): Stamp {
  return {
    // S_IFMT and S_IFREG of inode(7).
    isPlain: ((words[MODE] ?? 0) & 0o170000) === 0o100000,
    inoLow: words[INO] ?? 0,
    inoHigh: words[INO + 1] ?? 0,
    size: readLong(SIZE),
    ctime: readLong(CTIME),
    nanoseconds: words[NANOSECONDS] ?? 0,
  };
}

/** A 64-bit number of a machine with the low half first, as all are that we run on. */
function readLong(index: number): number {
  return (words[index] ?? 0) + (words[index + 1] ?? 0) * 2 ** 32;
}
