// A program of the benchmarks that works when told so: a line on stdin is a job, a line on stdout its answer.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';

export interface Worker {
  readonly pid: number;
  /** Has the job done and gives its answer. */
  ask<T>(job: string): Promise<T>;
  /** After the job at hand, and after a while without it. */
  stop(): Promise<void>;
}

const PATIENCE_MS = 30_000;

/**
 * Starts `file` of this directory, or at its absolute path.
 * @param as options of the runtime and variables of its environment.
 * @param enter argv that runs a shell command elsewhere, as on a node.
 */
export function startWorker(
  file: string,
  args: readonly string[],
  as: { readonly options: readonly string[]; readonly env: NodeJS.ProcessEnv } = { options: [], env: {} },
  enter: ((command: string) => readonly string[]) | null = null,
): Worker {
  const command = [process.execPath, ...as.options, path.resolve(import.meta.dirname, file), ...args];
  const [program = '', ...rest] = enter === null ? command : enter(`exec ${command.join(' ')}`);
  const child = spawn(program, rest, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...as.env, LOG_LEVEL: 'error' },
  });
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    pid: child.pid ?? 0,
    async ask<T>(job: string) {
      child.stdin.write(`${job}\n`);
      const { done, value } = await answers.next();
      if (done === true) throw new Error(`${file} ended before it had answered ${job}`);
      return JSON.parse(value) as T;
    },
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      clearTimeout(timer);
    },
  };
}

/** The other side: answers each line until stdin ends. */
export async function serveJobs(jobs: Readonly<Record<string, () => unknown>>): Promise<void> {
  const lines = createInterface(process.stdin);
  for await (const line of lines) {
    const job = jobs[line];
    if (job === undefined) throw new Error(`no job ${line}`);
    process.stdout.write(`${JSON.stringify((await job()) ?? null)}\n`);
  }
}
