// An overlay in a directory of its own: what is written goes to `upper`, and `root` shows it over the layers below.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { mustRun } from './run.ts';

export interface Overlay {
  readonly upper: string;
  readonly root: string;
}

/**
 * Mounts it; the caller unmounts `root` and removes the directory.
 * @param lower `lowerdir` of the overlay: directories joined by `:`, the topmost first.
 */
export function mountOverlay(directory: string, lower: string): Overlay {
  const [upper, work, root] = ['upper', 'work', 'root'].map((name) => path.join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const part of [upper, work, root]) mkdirSync(part, { recursive: true, mode: 0o755 });
  const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  mustRun('mount', ['-t', 'overlay', 'overlay', '-o', layers, root]);
  return { upper, root };
}
