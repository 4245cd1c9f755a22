// What the demonstration prints and starts, and how all of it is removed again, also on Ctrl-C.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';

/** The repository. */
export const HERE = path.resolve(import.meta.dirname, '../..');

/** A directory of its own below the temporary one; deleted at the end. */
export const workDirectory = mkdtempSync(path.join(tmpdir(), 'sunk-agent-demo-'));

const living = new Set<ChildProcess>();
let steps = 0;

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A numbered headline: what comes next. */
export function announce(what: string): void {
  steps += 1;
  process.stdout.write(`\n${steps}. ${what}\n`);
}

/** Something a program printed, indented. */
export function show(output: string): void {
  const lines = output.trimEnd().split('\n');
  process.stdout.write(lines.map((line) => `   ${line}\n`).join(''));
}

/**
 * Starts a program that the end of the demonstration ends. It has a process group of its own, so that Ctrl-C reaches
 * only the demonstration, and what the program itself started ends with it.
 * @param stdin `pipe` ends when this process does, even by SIGKILL.
 */
export function start(
  command: string,
  args: readonly string[],
  stdin: 'ignore' | 'pipe' = 'ignore',
): ChildProcess {
  const child = spawn(command, args, { stdio: [stdin, 'pipe', 'pipe'], detached: true });
  living.add(child);
  child.once('exit', () => living.delete(child));
  return child;
}

/** Runs a program to its end; a program that is missing has the status null. */
export async function run(command: string, ...args: string[]): Promise<Result> {
  const child = start(command, args);
  const status = new Promise<number | null>((resolve) => {
    child.once('close', resolve);
    child.once('error', () => {
      living.delete(child);
      resolve(null);
    });
  });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error(`${command} has no output`);
  const [out, err] = await Promise.all([text(stdout), text(stderr)]);
  return { status: await status, stdout: out, stderr: err };
}

/** The same, where one of `statuses` is expected; shows the command and what it printed, its log only if it failed. */
export async function perform(
  title: string,
  statuses: readonly number[],
  command: string,
  ...args: string[]
): Promise<string> {
  process.stdout.write(`   $ ${title}\n`);
  const { status, stdout, stderr } = await run(command, ...args);
  const isExpected = status !== null && statuses.includes(status);
  // A log that goes well would hide the story.
  const output = status === 0 || (isExpected && stdout !== '') ? stdout : `${stdout}${stderr}`;
  if (output !== '') show(output);
  if (!isExpected)
    throw new Error(`"${title}" ended with status ${status ?? 'none'}, not ${statuses.join(' or ')}`);
  return output;
}

function leaveNothing(): void {
  for (const { pid } of living) if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  rmSync(workDirectory, { recursive: true, force: true });
}

/** From now on everything that was started or written is removed, however this process ends. */
export function cleanUpAtTheEnd(): void {
  process.once('exit', leaveNothing);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      process.stdout.write('\nInterrupted: cleaning up.\n');
      process.exit(128 + constants.signals[signal]);
    });
  }
}
