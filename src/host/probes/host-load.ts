// What this machine is up to: load, memory, room on the disks that we need, and which of our people are on it.
import { availableParallelism, loadavg } from 'node:os';
import { type DiskProbe, probeDisk } from './disk-probe.ts';
import { findActiveUids } from '../sessions/sessions.ts';

export interface HostLoad {
  /** Epoch seconds. */
  readonly at: number;
  /** Runnable or waiting for a disk, averaged over a minute (proc_loadavg(5)). */
  readonly load: number;
  readonly processors: number;
  /** Bytes; `available` is what programs can still have without swapping (proc_meminfo(5), MemAvailable). */
  readonly memory: { readonly available: number; readonly total: number };
  /** Bytes; `fault`: why one could not be looked at, null: it was. */
  readonly disks: readonly Pick<DiskProbe, 'path' | 'free' | 'size' | 'fault'>[];
  /** Names of managed people who run something now, sorted; null where that cannot be told. */
  readonly active: readonly string[] | null;
}

/**
 * Takes tens of milliseconds, the first time some more.
 * @param directories whose file systems matter; one that does not answer keeps nobody waiting for long.
 * @param people who may be active, name by uid; null: nobody knows them.
 * @param now epoch seconds.
 */
export async function probeLoad(
  directories: readonly string[],
  people: ReadonlyMap<number, string> | null,
  now: number,
): Promise<HostLoad> {
  // Loaded by the first who asks: most commands never do.
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
