// Runs one of Slurm's commands: arguments as an array, a bounded time and answer, its own words where it fails.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { AgentError } from '../common/errors.ts';

/** A batch of 500 associations takes seconds, at a busy slurmdbd a minute. */
const PATIENCE_MS = 300_000;
const MAX_ANSWER = 256 * 1024 * 1024;

const execute = promisify(execFile);

/** @throws AgentError slurm_failed, or slurm_unreachable, with the last lines that the command said. */
export async function runSlurm(program: string, args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await execute(program, args, {
      timeout: PATIENCE_MS,
      maxBuffer: MAX_ANSWER,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin', LC_ALL: 'C' },
    });
    return stdout;
  } catch (error) {
    const said = describe(error);
    const code = isLost(error, said) ? 'slurm_unreachable' : 'slurm_failed';
    throw new AgentError(code, `${program} ${args.slice(0, 3).join(' ')}: ${said}`);
  }
}

/** What Slurm's commands say where slurmdbd, its database or munge is not there; else it was reached and refused. */
const LOST =
  /persist|munge|authentication error|unable to contact|connection (?:refused|reset)|connect to database|timed out/i;

function isLost(error: unknown, said: string): boolean {
  return (error as { killed?: boolean }).killed === true || LOST.test(said);
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
