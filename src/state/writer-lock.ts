// One node writes to a state directory: its processes share a lock there, and those of another node are refused.
import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { AgentError } from '../common/errors.ts';
import { tryFlock } from '../common/flock.ts';
import { attempt } from '../common/system-error.ts';
import { WRITER_LOCK } from './state-directory.ts';

export interface WriterLock {
  /** No other process has the directory open, so it may be checked, migrated and set aside. */
  readonly isAlone: boolean;
  /** Lets further processes of this node in. */
  share(): void;
  release(): void;
}

const POLL_MS = 50;
/** A process that opens a large state database checks it alone for some seconds. */
const PATIENCE_MS = 60_000;

/**
 * Takes the lock. The order among the processes of one node is a matter of the sync lock, not of this one.
 * @param node a word that all processes of this node have in common (see `nameNode`).
 * @throws AgentError state_folder when another node's agent has the directory open, or it cannot be written.
 */
export function acquireWriterLock(directory: string, node: string): WriterLock {
  const file = path.join(directory, WRITER_LOCK);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  const fd = attempt(`cannot open the lock ${file}`, () => openSync(file, flags, 0o600), 'state_folder');
  const refuse = (): never => {
    const { pid, host } = readHolder(file);
    closeSync(fd);
    throw new AgentError(
      'state_folder',
      `${directory} is in use by the agent of another node (${host ?? '?'}, process ${pid ?? '?'})`,
      {
        hint: 'two nodes must not share a state directory: give each a volume of its own',
      },
    );
  };
  for (const deadline = performance.now() + PATIENCE_MS; ; pause(POLL_MS)) {
    if (tryFlock(fd, 'exclusive')) {
      ftruncateSync(fd);
      writeSync(fd, `${JSON.stringify({ node, pid: process.pid, host: hostname() } satisfies Holder)}\n`, 0);
      // Between the two locks another process may come first (flock(2)): it has the directory then.
      const share = (): void => void (tryFlock(fd, 'shared') || refuse());
      return { isAlone: true, share, release: () => closeSync(fd) };
    }
    if (tryFlock(fd, 'shared')) {
      if (readHolder(file).node !== node) refuse();
      return { isAlone: false, share: () => {}, release: () => closeSync(fd) };
    }
    if (performance.now() > deadline) refuse();
  }
}

interface Holder {
  readonly node: string;
  readonly pid: number;
  readonly host: string;
}

function readHolder(file: string): Partial<Holder> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Partial<Holder>;
  } catch {
    return {};
  }
}

/** Opening is synchronous, as SQLite is. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
