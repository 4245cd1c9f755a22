// Starts the reader as a child: its own uid where the caller is root, and no more of the system than it needs.
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { HEAP_FLAGS } from '../../common/heap.ts';

export interface SpawnedReader {
  readonly child: ChildProcess;
  /** A socketpair to it. */
  readonly stream: Duplex;
}

/** In the package this file is part of a bundle, which lies in one directory beside the reader's. */
const IS_BUNDLED = import.meta.filename.endsWith('.js');
const CODE = IS_BUNDLED ? import.meta.dirname : path.resolve(import.meta.dirname, '../../..');
const ENTRY = path.join(import.meta.dirname, IS_BUNDLED ? 'reader.js' : '../../reader/main.ts');

/** `user` null: the caller's own. */
export function spawnReader(options: {
  config: string;
  root: string;
  user: { uid: number; gid: number } | null;
}): SpawnedReader {
  const { config, root, user } = options;
  const fence = [
    ...HEAP_FLAGS,
    // --allow-net is new in Node 26, and says so at each start.
    '--disable-warning=ExperimentalWarning',
    '--permission',
    `--allow-fs-read=${CODE}/*`,
    `--allow-fs-read=${path.resolve(root)}`,
    `--allow-fs-read=${config}`,
    '--allow-net',
  ];
  // The reader holds the token: nothing of it may ever be written as a core (getrlimit(2), RLIMIT_CORE).
  const start = ['-c', 'ulimit -c 0; exec "$0" "$@"', process.execPath];
  const child = spawn('/bin/sh', [...start, ...fence, ENTRY, '--config', config, '--root', root], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
    ...(user === null ? {} : user),
  });
  return { child, stream: child.stdio[3] as Duplex };
}
