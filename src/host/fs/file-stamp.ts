// What tells by statx(2) alone that a file is unchanged: its inode, size and time of change.
import { constants } from 'node:os';
import { bindLibc, lastErrno } from '../../common/libc.ts';

/** Every change of a file moves its ctime, and a file that replaces it has another inode. */
export interface FileStamp {
  readonly isPlain: boolean;
  readonly inoLow: number;
  readonly inoHigh: number;
  /** Bytes. */
  readonly size: number;
  /** Epoch seconds, and the nanoseconds beside them. */
  readonly ctime: number;
  readonly nanoseconds: number;
}

/** `unreadable`: statx(2) failed for another reason than that no file of that name exists. */
export type StampResult = FileStamp | 'missing' | 'unreadable';

export interface FilePlace {
  /** A descriptor of the directory that a relative name starts from. */
  readonly directory: number;
  readonly name: string;
}

/** Node's lstat takes half as long again, for the object that it makes of the answer. */
const statx = bindLibc<(fd: number, name: string, flags: number, mask: number, answer: Buffer) => number>(
  'int statx(int fd, const char *name, int flags, unsigned int mask, void *answer)',
);

/** Relative names start from the working directory. */
export const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
/** STATX_TYPE, STATX_CTIME, STATX_INO, STATX_SIZE. */
const MASK = 0x1 | 0x80 | 0x100 | 0x200;

/** struct statx is the same on every machine, its numbers in the machine's own order. */
const answer = Buffer.alloc(256);
const fields = new Uint32Array(answer.buffer, answer.byteOffset, answer.length / 4);
const MODE = 28 / 4;
const INO = 32 / 4;
const SIZE = 40 / 4;
const CTIME = 96 / 4;
const NANOSECONDS = 104 / 4;

/**
 * @param known an earlier stamp of the file; the same object is returned where it still holds.
 * @param links `stamp`: a symbolic link has a stamp of its own; `follow`: its target is stamped.
 */
export function readFileStamp(
  { directory, name }: FilePlace,
  known: StampResult | null = null,
  links: 'stamp' | 'follow' = 'stamp',
): StampResult {
  if (statx(directory, name, links === 'stamp' ? AT_SYMLINK_NOFOLLOW : 0, MASK, answer) !== 0)
    return lastErrno() === constants.errno.ENOENT ? 'missing' : 'unreadable';
  return known !== null && typeof known === 'object' && isAnswer(known) ? known : copyAnswer();
}

function isAnswer({ inoLow, inoHigh, size, ctime, nanoseconds }: FileStamp): boolean {
  return (
    fields[NANOSECONDS] === nanoseconds &&
    fields[INO] === inoLow &&
    fields[INO + 1] === inoHigh &&
    readLong(CTIME) === ctime &&
    readLong(SIZE) === size
  );
}

function copyAnswer(): FileStamp {
  return {
    // S_IFMT and S_IFREG of inode(7).
    isPlain: ((fields[MODE] ?? 0) & 0o170000) === 0o100000,
    inoLow: fields[INO] ?? 0,
    inoHigh: fields[INO + 1] ?? 0,
    size: readLong(SIZE),
    ctime: readLong(CTIME),
    nanoseconds: fields[NANOSECONDS] ?? 0,
  };
}

/** A 64-bit number with its low half first, as on every machine that this program runs on. */
function readLong(index: number): number {
  return (fields[index] ?? 0) + (fields[index + 1] ?? 0) * 2 ** 32;
}
