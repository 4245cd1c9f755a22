// Probes the file systems that sunk-agent writes to: free space, kind, read-only.
import { statfs } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { findNetworkFileSystem } from '../../common/network-file-systems.ts';

export interface DiskProbe {
  readonly path: string;
  /** Bytes that are free for this program. */
  readonly free: number;
  /** Bytes in total; 0: no space of its own, as with an automounter. */
  readonly size: number;
  readonly isReadOnly: boolean;
  /** Name of the network file system; null: it is local. */
  readonly network: string | null;
  /** Why the probe failed; null: it did not. */
  readonly fault: string | null;
}

/** Long enough for a busy machine. */
const TIMEOUT_MS = 5000;

/** Each holds one of libuv's few threads until its server comes back, so no path is probed twice at a time. */
const unanswered = new Set<string>();

/** For a path that does not exist, or whose server is lost, `fault` is set. */
export async function probeDisk(path: string): Promise<DiskProbe> {
  const nothing = { path, free: 0, size: 0, isReadOnly: false, network: null };
  if (unanswered.has(path)) return { ...nothing, fault: 'no answer' };
  unanswered.add(path);
  const late = new Promise<DiskProbe>((resolve) => {
    setTimeout(() => resolve({ ...nothing, fault: 'no answer' }), TIMEOUT_MS).unref();
  });
  const examine = async (): Promise<DiskProbe> => {
    try {
      const { bavail, blocks, bsize, type } = await statfs(path);
      // `bfree` would include what is reserved for root, which must not be relied on.
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
  return Promise.race([examine(), late]);
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
