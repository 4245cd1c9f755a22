// Probes this machine: load, memory, disk space, and managed users with processes.
import { availableParallelism, loadavg } from 'node:os';
import { type DiskProbe, probeDisk } from './disk-probe.ts';
import { findActiveUids } from '../sessions/find-processes.ts';

export interface HostLoad {
  /** Epoch seconds. */
  readonly at: number;
  /** Tasks that run, can run or wait for a disk, averaged over a minute (proc_loadavg(5)). */
  readonly load: number;
  readonly processors: number;
  /** Bytes; `available` is what programs can still allocate without swapping (proc_meminfo(5), MemAvailable). */
  readonly memory: { readonly available: number; readonly total: number };
  /** Bytes; `fault`: why the probe failed, null: it did not. */
  readonly disks: readonly Pick<DiskProbe, 'path' | 'free' | 'size' | 'fault'>[];
  /** Names of managed users with processes, sorted; null: unknown. */
  readonly active: readonly string[] | null;
}

/**
 * Takes tens of milliseconds, the first time some more.
 * @param directories whose file systems matter; the wait for each is bounded.
 * @param people managed users, name by uid; null: unknown.
 * @param now epoch seconds.
 */
export async function probeLoad(
  directories: readonly string[],
  people: ReadonlyMap<number, string> | null,
  now: number,
): Promise<HostLoad> {
  // Loaded by the first call: most commands make none.
  const { default: systeminformation } = await import('systeminformation/lib/memory.js');
  const [memory, disks] = await Promise.all([
    systeminformation.mem(),
    Promise.all(directories.map(probeDisk)),
  ]);
  return {
    at: now,
    load: loadavg()[0] ?? 0,
    processors: availableParallelism(),
    memory: { available: memory.available, total: memory.total },
    disks: disks.map(({ path, free, size, fault }) => ({ path, free, size, fault })),
    active: people === null ? null : [...findActiveUids()].flatMap((uid) => people.get(uid) ?? []).sort(),
  };
}
