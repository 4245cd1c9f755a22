// flock(2), which Node lacks: an advisory lock that dies with its holder.
import koffi from 'koffi';

const OPERATIONS = { shared: 1, exclusive: 2, none: 8 } as const;
const LOCK_NB = 4;

let flock: ((fd: number, operation: number) => number) | null = null;

/** Acquires, converts or releases the lock of an open file without waiting; false if another process holds it. */
export function tryFlock(fd: number, operation: keyof typeof OPERATIONS): boolean {
  flock ??= koffi.load('libc.so.6').func('int flock(int fd, int operation)') as (
    fd: number,
    operation: number,
  ) => number;
  return flock(fd, OPERATIONS[operation] | LOCK_NB) === 0;
}
