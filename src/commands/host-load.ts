// The host's own facts for `status --host`, asked for live.
import os from 'node:os';
import { fsSize, mem } from 'systeminformation';

const GIB = 2 ** 30;

/** Rows for people: load, memory, and the disks that hold `places`. */
export async function describeHostLoad(places: readonly string[]): Promise<string> {
  const [memory, disks] = await Promise.all([mem(), fsSize()]);
  const [load = 0] = os.loadavg();
  const shown = new Set(places.map((place) => findDisk(disks, place)));
  const rows = [
    `load       ${load.toFixed(2)} on ${os.availableParallelism()} processors`,
    `memory     ${(memory.available / GIB).toFixed(1)} of ${(memory.total / GIB).toFixed(1)} GiB available`,
    ...[...shown].flatMap((disk) =>
      disk === undefined ? [] : [`disk       ${disk.mount}: ${(disk.available / GIB).toFixed(1)} GiB free`],
    ),
  ];
  return rows.map((row) => `  ${row}\n`).join('');
}

/** The file system with the longest mount point above a path. */
function findDisk<D extends { mount: string }>(disks: readonly D[], place: string): D | undefined {
  return disks
    .filter(({ mount }) => place === mount || place.startsWith(mount.endsWith('/') ? mount : `${mount}/`))
    .sort((a, b) => b.mount.length - a.mount.length)[0];
}
