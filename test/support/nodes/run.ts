// Runs a program of this machine to its end.
import { spawnSync } from 'node:child_process';

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param timeout ms. */
export function run(command: string, args: readonly string[], timeout = 180_000): Result {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout,
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status, stdout, stderr };
}

/** @throws Error with what it printed, where it ends with another status than 0. */
export function mustRun(command: string, args: readonly string[], timeout?: number): void {
  const { status, stdout, stderr } = run(command, args, timeout);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${(stdout + stderr).slice(-4000)}`);
}
