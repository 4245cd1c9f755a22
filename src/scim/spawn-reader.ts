// Starts the reader as a child: its own uid where the caller is root, and no more of the system than it needs.
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import type { Duplex } from 'node:stream';

export interface SpawnedReader {
  readonly child: ChildProcess;
  /** A socketpair to it. */
  readonly stream: Duplex;
}

const CODE = path.resolve(import.meta.dirname, '../..');

/** `user` null: the caller's own. */
export function spawnReader(options: {
  config: string;
  root: string;
  user: { uid: number; gid: number } | null;
}): SpawnedReader {
  const { config, root, user } = options;
  const entry = path.join(import.meta.dirname, 'fetcher.ts');
  const fence = [
    '--permission',
    `--allow-fs-read=${CODE}/*`,
    `--allow-fs-read=${path.resolve(root)}`,
    `--allow-fs-read=${config}`,
    '--allow-net',
  ];
  const child = spawn(process.execPath, [...fence, entry, '--config', config, '--root', root], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    ...(user === null ? {} : user),
  });
  return { child, stream: child.stdio[3] as Duplex };
}
