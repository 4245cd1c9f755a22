// flock(2), which Node lacks: an advisory lock that dies with its holder.
import { bindLibc } from './libc.ts';

const OPERATIONS = { shared: 1, exclusive: 2, none: 8 } as const;
const LOCK_NB = 4;

const flock = bindLibc<(fd: number, operation: number) => number>('int flock(int fd, int operation)');

/** Acquires, converts or releases the lock of an open file without waiting; false if another process holds it. */
export function tryFlock(fd: number, operation: keyof typeof OPERATIONS): boolean {
  return flock(fd, OPERATIONS[operation] | LOCK_NB) === 0;
}
