// What is left of a node when it stops or its test was killed: processes, a mount and a directory, all taken away.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { removeControlGroup } from './control-group.ts';

/** Nodes lie here, each in a directory whose name begins with PREFIX. */
export const DIRECTORY = '/var/tmp';
export const PREFIX = 'sunk-node-';

/** Kills the container, unmounts and deletes; also what is left of a node whose test was killed. */
export function removeNode(directory: string): void {
  const container = readNumber(path.join(directory, 'container'));
  if (container !== null && readCommand(container).includes(path.basename(directory))) {
    process.kill(container, 'SIGKILL');
    for (let tries = 0; tries < 50 && readCommand(container) !== ''; tries += 1) spawnSync('sleep', ['0.1']);
  }
  killInside(directory);
  removeControlGroup(path.basename(directory));
  spawnSync('umount', ['--lazy', path.join(directory, 'root')]);
  rmSync(directory, { recursive: true, force: true });
}

/** What runs inside outlives a killed systemd-nspawn; it is known by its /, which is the node's overlay. */
function killInside(directory: string): void {
  const root = new RegExp(`^overlay / overlay .*upperdir=${directory}/upper`, 'm');
  const inside = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && root.test(readProcFile(Number(name), 'mounts')),
  );
  // The first one takes the others with it, so some are gone before their turn.
  if (inside.length > 0) spawnSync('kill', ['-KILL', ...inside]);
}

/** Removes nodes whose owner is no longer there. */
export function sweepLeftovers(): void {
  for (const name of readdirSync(DIRECTORY).filter((entry) => entry.startsWith(PREFIX))) {
    const directory = path.join(DIRECTORY, name);
    const owner = readNumber(path.join(directory, 'owner'));
    if (owner === null || readCommand(owner) === '') removeNode(directory);
  }
}

function readNumber(file: string): number | null {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** The command line of a process; empty if there is none. */
function readCommand(pid: number): string {
  return readProcFile(pid, 'cmdline');
}

/** A file of proc(5) about a process; empty if there is none. */
export function readProcFile(pid: number | string, file: 'cmdline' | 'mounts' | 'status'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
