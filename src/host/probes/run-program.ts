// Runs a short program of the system within a time limit: its status and output.
import { execFile } from 'node:child_process';
import { runAsUser } from './run-as-user.ts';

export interface ProgramAnswer {
  /** null: not installed, or not ended in time; `stderr` then has the reason. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  /** Milliseconds. */
  readonly timeout?: number;
  /** The program runs as this user, without further groups and without a terminal. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Default: this process's own. */
  readonly environment?: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 20_000;

export async function runProgram(
  program: string,
  args: readonly string[],
  { timeout = TIMEOUT_MS, user, environment }: ProgramOptions = {},
): Promise<ProgramAnswer> {
  if (user !== undefined) {
    const { fault, ...said } = await runAsUser(program, args, user, timeout, environment);
    return { ...said, stderr: said.stderr + fault };
  }
  return await new Promise((resolve) => {
    execFile(
      program,
      args,
      {
        timeout,
        killSignal: 'SIGKILL',
        maxBuffer: 4 * 1024 * 1024,
        ...(environment === undefined ? {} : { env: environment }),
      },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
        resolve({ status, stdout, stderr: status === null ? `${stderr}${explain(error, timeout)}` : stderr });
      },
    );
  });
}

function explain(error: Error | null, timeout: number): string {
  if (error === null) return '';
  return 'killed' in error && error.killed === true ? `no answer within ${timeout / 1000} s` : error.message;
}
