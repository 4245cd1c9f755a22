// Programs that are built to outlive a revocation, on a node: started as a user, and asked whether they live.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoginNode } from '../node.ts';

export const SURVIVOR = '/usr/local/bin/survivor';

/**
 * `name` looks like root in proc(5); `leader` has exited while its thread runs; `chain` is a new process each
 * millisecond; `killer` as well, and kills whatever else has its uid; `thousand` forks in a thousand places; `brackets`
 * has a name that breaks a line of proc_pid_stat(5); `traced` is traced by another one; `waiting` has a parent in an
 * uninterruptible wait; `nested` is a chain in namespaces of its own.
 */
export type Mode =
  'stay' | 'name' | 'leader' | 'chain' | 'killer' | 'thousand' | 'brackets' | 'traced' | 'waiting' | 'nested';

/** Compiles it into the root directory of a node. */
export function installSurvivor(root: string): void {
  const source = path.join(import.meta.dirname, 'survivor.c');
  const target = path.join(root, SURVIVOR);
  const words = ['-O1', '-static', '-pthread', '-o', target, source];
  const { status, stderr } = spawnSync('cc', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cc: ${stderr}`);
}

const fileOf = (label: string): string => `/tmp/beat-${label}`;

/** @param label a name of its own for this one. @param wrap what starts it: `setpriv --reuid=1000`, say. */
export function startSurvivor(node: LoginNode, mode: Mode, label: string, wrap: string): void {
  const { status, stderr } = node.exec(
    `umask 0; ${wrap} ${SURVIVOR} ${mode} ${fileOf(label)} </dev/null >/dev/null 2>&1`,
  );
  if (status !== 0) throw new Error(`${wrap} ${mode}: ${stderr}`);
}

/** The command that starts one, for a shell on the node. */
export const survivorCommand = (mode: Mode, label: string): string => `${SURVIVOR} ${mode} ${fileOf(label)}`;

/** Which of these live: those that touched their file in a quarter of a second. */
export async function findAlive(node: LoginNode, labels: readonly string[]): Promise<string[]> {
  const times = (): number[] => labels.map((label) => statSync(seenFromHere(node, fileOf(label))).mtimeMs);
  const before = times();
  await sleep(250);
  const after = times();
  return labels.filter((_, index) => after[index] !== before[index]);
}

/** A file of the node, also on a file system that is mounted only there, as a path of this machine. */
export function seenFromHere(node: LoginNode, file: string): string {
  const leader = /^\/proc\/(\d+)\//.exec(node.networkPath())?.[1] ?? '';
  return `/proc/${leader}/root${file}`;
}
