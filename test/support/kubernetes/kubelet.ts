// What the kubelet projects of Secrets into a pod: whole versions in a directory of their own, and one link that moves.
import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A file of the volume, and its content in latin1; null: the Secret has none. */
export type Projection = Readonly<Record<string, string | null>>;

/** As its AtomicWriter does it: a reader sees all files of one version, and a mounted directory stays the same. */
export function project(directory: string, files: Projection, version: number): void {
  const data = path.join(directory, '..data');
  const next = `..version-${version}`;
  mkdirSync(path.join(directory, next), { recursive: true });
  for (const [name, text] of Object.entries(files))
    if (text !== null) writeFileSync(path.join(directory, next, name), text, 'latin1');
  let before: string | null = null;
  try {
    before = readlinkSync(data);
  } catch {
    for (const name of Object.keys(files)) symlinkSync(`..data/${name}`, path.join(directory, name));
  }
  symlinkSync(next, `${data}_tmp`);
  renameSync(`${data}_tmp`, data);
  if (before !== null) rmSync(path.join(directory, before), { recursive: true });
}

/**
 * Looks at Secrets each second, and projects what has changed.
 * @returns ends it.
 */
export function startKubelet(directory: string, read: () => Projection): () => void {
  let version = 0;
  let shown = '';
  const look = (): void => {
    const files = read();
    const text = JSON.stringify(files);
    if (text === shown) return;
    shown = text;
    version += 1;
    project(directory, files, version);
  };
  look();
  const timer = setInterval(look, 1000);
  return () => clearInterval(timer);
}
