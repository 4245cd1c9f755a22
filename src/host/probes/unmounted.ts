// A directory on a disk that fstab(5) names and that is not mounted: what lies there instead is empty, and not the data.
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * The mount point; null: each that fstab names on the way to the directory is mounted.
 * @param deviceOf stands in for stat(2) in a test; null: there is no such directory.
 */
export function findUnmounted(
  root: string,
  directory: string,
  deviceOf: (directory: string) => number | null = readDevice,
): string | null {
  const points = listMountPoints(readFstab(root))
    .filter((point) => point !== '/' && `${directory}/`.startsWith(path.join(root, point, '/')))
    .sort((a, b) => a.length - b.length);
  return (
    points.find((point) => {
      const own = deviceOf(path.join(root, point));
      // A mount has a device of its own, also where the unit of systemd shows the directory through a mount of its own.
      return own === null || own === deviceOf(path.dirname(path.join(root, point)));
    }) ?? null
  );
}

/** Mounts that have no device of their own (mount(8), `bind`) are left out. */
export function listMountPoints(fstab: string): string[] {
  return fstab.split('\n').flatMap((line) => {
    const [source = '', point = '', type = '', options = ''] = line.trim().split(/\s+/);
    if (source.startsWith('#') || !point.startsWith('/') || type === 'swap') return [];
    if (options.split(',').some((option) => option === 'bind' || option === 'rbind')) return [];
    const plain = point.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    return [path.normalize(plain).replace(/(?<=.)\/$/, '')];
  });
}

function readFstab(root: string): string {
  try {
    return readFileSync(path.join(root, 'etc/fstab'), 'utf8');
  } catch {
    return '';
  }
}

function readDevice(directory: string): number | null {
  return statSync(directory, { throwIfNoEntry: false })?.dev ?? null;
}
