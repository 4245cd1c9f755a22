// Room and kind of the file systems that we write to.
import { statfs } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { findNetworkFileSystem } from '../../common/network-file-systems.ts';

export interface DiskProbe {
  readonly path: string;
  /** Bytes that are free for us. */
  readonly free: number;
  /** Bytes that it has in all; 0: none of its own, as an automounter has. */
  readonly size: number;
  readonly isReadOnly: boolean;
  /** Name of the network file system it is; null: it is local. */
  readonly network: string | null;
  /** Why it could not be looked at; null: it was. */
  readonly fault: string | null;
}

/** Long enough for a machine that is merely busy. */
const PATIENCE_MS = 5000;

/** Each holds one of libuv's few threads until its server comes back, so that nobody asks twice. */
const unanswered = new Set<string>();

/** A path that does not exist, or whose server is gone, is told by `fault`. */
export async function probeDisk(path: string): Promise<DiskProbe> {
  const nothing = { path, free: 0, size: 0, isReadOnly: false, network: null };
  if (unanswered.has(path)) return { ...nothing, fault: 'no answer' };
  unanswered.add(path);
  const silent = new Promise<DiskProbe>((resolve) => {
    setTimeout(() => resolve({ ...nothing, fault: 'no answer' }), PATIENCE_MS).unref();
  });
  const look = async (): Promise<DiskProbe> => {
    try {
      const { bavail, blocks, bsize, type } = await statfs(path);
      // As root, what is reserved for root counts too, but nobody should live on that.
      return {
        path,
        free: bavail * bsize,
        size: blocks * bsize,
        isReadOnly: isReadOnly(path),
        network: findNetworkFileSystem(type),
        fault: null,
      };
    } catch (cause) {
      const fault = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
      return { ...nothing, fault };
    } finally {
      unanswered.delete(path);
    }
  };
  return Promise.race([look(), silent]);
}

/** By the longest mount point above it (proc_pid_mountinfo(5): options of the mount, then of the file system). */
function isReadOnly(path: string): boolean {
  let best = { length: 0, options: '' };
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [, , , , point = '', options = '', ...rest] = line.split(' ');
    const isAbove = path === point || path.startsWith(point.endsWith('/') ? point : `${point}/`);
    const superOptions = rest[rest.indexOf('-') + 3] ?? '';
    if (isAbove && point !== '' && point.length >= best.length)
      best = { length: point.length, options: `${options},${superOptions}` };
  }
  return best.options.split(',').includes('ro');
}
