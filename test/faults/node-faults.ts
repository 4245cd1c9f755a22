// What befalls a login node during a sync; each runs one and leaves the node as it found it, but for the sync itself.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Rng } from './rng.ts';
import type { LoginRoot } from '../support/nodes/login-root/login-root.ts';
import type { Outcome } from '../support/nodes/login-root/processes.ts';
import { mustRun } from '../support/nodes/run.ts';

export type NodeFault = (node: LoginRoot, rng: Rng) => Promise<Outcome>;

const HOUR_MS = 3_600_000;

/** System calls after which what is on disk differs. */
const LASTING =
  'write,pwrite64,fsync,fdatasync,syncfs,rename,renameat,renameat2,unlink,unlinkat,fchmod,fchown,ftruncate,mkdir';

const ALWAYS: Readonly<Record<string, NodeFault>> = {
  nothing: (node) => node.startSync().over,

  async 'killed some time'(node, rng) {
    const { child, over } = node.startSync();
    await sleep(node.isResident ? rng.below(250) : 300 + rng.below(1500));
    child.kill('SIGKILL');
    return over;
  },

  'clock off'(node, rng) {
    const hours = rng.pick([-48, -1, 1, 30, 72]);
    return during(
      node,
      (one) => (one.clockShift = hours * HOUR_MS),
      (one) => (one.clockShift = 0),
    );
  },

  async 'another tool edits passwd'(node, rng) {
    const { over } = node.startSync();
    for (let outcome: Outcome | null = null; ;) {
      await node.editForeignLine(`edited ${rng.below(1_000_000)}`);
      outcome = await Promise.race([over, sleep(20, null)]);
      if (outcome !== null) return outcome;
    }
  },

  async 'damaged state'(node, rng) {
    const files = existsSync(node.state)
      ? readdirSync(node.state).filter((name) => /^mirror\.sqlite(-wal)?$/.test(name))
      : [];
    if (files.length > 0) spoil(path.join(node.state, rng.pick(files)), rng);
    return node.startSync().over;
  },

  async 'lost state'(node) {
    rmSync(node.state, { recursive: true, force: true });
    return node.startSync().over;
  },

  async 'replayed state'(node) {
    node.replayState();
    return node.startSync().over;
  },

  async 'lost /etc'(node) {
    node.loseEtc();
    return node.startSync().over;
  },
};

/** These need a file system of their own, so root. */
const AS_ROOT: Readonly<Record<string, NodeFault>> = {
  'full disk': (node) =>
    during(
      node,
      ({ root }) => fillDisk(root),
      ({ root }) => rmSync(fillerOf(root), { force: true }),
    ),
  async 'read-only file system'(node) {
    // No file system becomes read-only while a process has a file open to write it.
    await node.stopResident();
    return during(node, remount('ro'), remount('rw'));
  },
  'read-only key files': (node) =>
    during(
      node,
      ({ keys }) => {
        mkdirSync(keys, { recursive: true });
        mount('--bind', keys, keys);
        mount('-o', 'remount,bind,ro', keys);
      },
      ({ keys }) => mustRun('umount', ['--lazy', keys]),
    ),
};

const TRACED: Readonly<Record<string, NodeFault>> = {
  'killed at a system call'(node, rng) {
    const inject = `inject=${LASTING}:signal=SIGKILL:when=${1 + rng.below(250)}`;
    return during(node, trace(inject), trace(null));
  },
  'slow disk': (node) => during(node, trace('inject=fsync,fdatasync,syncfs:delay_enter=100000'), trace(null)),
};

/** Those that this machine can have, and why the others cannot. */
export function listNodeFaults(): { nodeFaults: ReadonlyMap<string, NodeFault>; missing: string[] } {
  const isRoot = process.geteuid?.() === 0;
  const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
  const missing = [
    ...(isRoot ? [] : [`${Object.keys(AS_ROOT).join(', ')}: needs root`]),
    ...(canTrace ? [] : [`${Object.keys(TRACED).join(', ')}: needs strace`]),
  ];
  return {
    nodeFaults: new Map(
      Object.entries({ ...ALWAYS, ...(isRoot ? AS_ROOT : {}), ...(canTrace ? TRACED : {}) }),
    ),
    missing,
  };
}

async function during(
  node: LoginRoot,
  begin: (node: LoginRoot) => void,
  end: (node: LoginRoot) => void,
): Promise<Outcome> {
  begin(node);
  try {
    return await node.startSync().over;
  } finally {
    end(node);
  }
}

const trace =
  (inject: string | null) =>
  (node: LoginRoot): void => {
    node.wrapper = inject === null ? [] : ['strace', '-o', '/dev/null', '-e', 'trace=none', '-e', inject];
  };

const remount =
  (mode: 'ro' | 'rw') =>
  ({ root }: LoginRoot): void =>
    mount('-o', `remount,${mode}`, root);

const mount = (...args: readonly string[]): void => mustRun('mount', args);

/** What fills the disk of a directory. */
export function fillerOf(directory: string): string {
  return path.join(directory, 'filler');
}

/** To the last page. */
export function fillDisk(directory: string): void {
  const fd = openSync(fillerOf(directory), 'w');
  const block = Buffer.alloc(1 << 20);
  try {
    for (;;) writeSync(fd, block);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  } finally {
    closeSync(fd);
  }
}

/** As a bad disk or an unclean shutdown leaves files. */
function spoil(file: string, rng: Rng): void {
  const { size } = statSync(file);
  if (size === 0) return;
  if (rng.chance(0.3)) {
    truncateSync(file, rng.below(size));
    return;
  }
  const fd = openSync(file, 'r+');
  const length = Math.min(4096, size);
  const from = rng.chance(0.3) ? 0 : rng.below(size);
  writeSync(fd, rng.chance(0.5) ? Buffer.alloc(length) : Buffer.alloc(length, 0xa5), 0, length, from);
  closeSync(fd);
}
