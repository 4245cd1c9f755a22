// Functions of C libraries that Node lacks, called by koffi. The first call loads koffi: most commands make none.
import { createRequire } from 'node:module';
import type koffiModule from 'koffi';

type Koffi = typeof koffiModule;
type Library = ReturnType<Koffi['load']>;

let koffi: Koffi | null = null;
let libc: Library | null = null;

function loadKoffi(): Koffi {
  koffi ??= createRequire(import.meta.url)('koffi') as Koffi;
  return koffi;
}

function loadLibc(): Library {
  libc ??= loadKoffi().load('libc.so.6');
  return libc;
}

/** A library by its name, `libpam.so.0`; null where the system has none of that name. */
export function openLibrary(name: string): Library | null {
  const loaded = loadKoffi();
  try {
    return loaded.load(name);
  } catch {
    return null;
  }
}

/**
 * A function of libc, as C declares it; the first call loads it.
 * @returns the function; after a call that failed, `lastErrno` has the reason.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- only the caller can say what the declaration means
export function bindLibc<T>(declaration: string): T {
  let bound: ((...args: unknown[]) => unknown) | null = null;
  return ((...args: unknown[]) => {
    bound ??= loadLibc().func(declaration) as (...args: unknown[]) => unknown;
    return bound(...args);
  }) as T;
}

/** The same for a call on another thread, while this one continues. Its result is ignored. */
export function bindLibcAsync(declaration: string): (args: readonly unknown[], onEnd: () => void) => void {
  let bound: ReturnType<Library['func']> | null = null;
  return (args, onEnd) => {
    bound ??= loadLibc().func(declaration);
    bound.async(...args, onEnd);
  };
}

/** errno(3) of the last call. */
export function lastErrno(): number {
  return loadKoffi().errno();
}
