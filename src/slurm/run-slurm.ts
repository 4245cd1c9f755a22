// Runs one of Slurm's commands: arguments as an array, a bounded time and answer, its own words where it fails.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { AgentError } from '../common/errors.ts';

/** A batch of 500 associations takes seconds, at a busy slurmdbd a minute. */
const PATIENCE_MS = 300_000;
const MAX_ANSWER = 256 * 1024 * 1024;

const execute = promisify(execFile);

/** @throws AgentError slurm_failed with the last lines that the command said. */
export async function runSlurm(program: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await execute(program, args, {
      timeout: PATIENCE_MS,
      maxBuffer: MAX_ANSWER,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin', LC_ALL: 'C' },
    });
    return stdout;
  } catch (error) {
    throw new AgentError('slurm_failed', `${program} ${args.slice(0, 3).join(' ')}: ${describe(error)}`);
  }
}

function describe(error: unknown): string {
  const {
    stdout = '',
    stderr = '',
    message = '',
    killed = false,
  } = error as {
    stdout?: string;
    stderr?: string;
    message?: string;
    killed?: boolean;
  };
  if (killed) return `no answer within ${PATIENCE_MS / 1000} s`;
  const said = `${stdout}\n${stderr}`
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/attempt number -?\d+$/.test(line));
  return said.length === 0 ? message : said.slice(-6).join('; ').slice(0, 1000);
}
