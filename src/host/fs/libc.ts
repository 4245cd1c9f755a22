// System calls that Node lacks, from libc by koffi; each is loaded when it is first called.
import koffi from 'koffi';

let libc: ReturnType<typeof koffi.load> | null = null;

/**
 * A function of libc, as C declares it.
 * @returns the function; a failed call leaves its reason for `lastErrno`.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- only the caller can say what the declaration means
export function bindLibc<T>(declaration: string): T {
  let bound: ((...args: unknown[]) => unknown) | null = null;
  return ((...args: unknown[]) => {
    libc ??= koffi.load('libc.so.6');
    bound ??= libc.func(declaration) as (...args: unknown[]) => unknown;
    return bound(...args);
  }) as T;
}

/** The same for a call that is made on another thread, while this one goes on. Its outcome is nobody's. */
export function bindLibcAside(declaration: string): (args: readonly unknown[], onEnd: () => void) => void {
  let bound: ReturnType<ReturnType<typeof koffi.load>['func']> | null = null;
  return (args, onEnd) => {
    libc ??= koffi.load('libc.so.6');
    bound ??= libc.func(declaration);
    bound.async(...args, onEnd);
  };
}

/** errno(3) of the last call. */
export function lastErrno(): number {
  return koffi.errno();
}
