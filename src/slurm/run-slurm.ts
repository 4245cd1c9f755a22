// Runs one of Slurm's commands: arguments as an array, a bounded time and answer, its own words where it fails.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { AgentError } from '../common/errors.ts';

/** Milliseconds for a change: a batch of 500 associations takes seconds, at a busy slurmdbd a minute. */
export const CHANGE_MS = 300_000;
/** For a list: one of 100,000 associations takes seconds. What hangs delays every revocation, and slurmdbd's clients wait for 15 min. */
export const LIST_MS = 60_000;
/** In one argument, of which a command takes 128 KiB. */
export const MOST_NAMES = 500;
const MAX_ANSWER = 256 * 1024 * 1024;

const execute = promisify(execFile);

/**
 * @param patience milliseconds until the command is killed.
 * @throws AgentError slurm_failed, or slurm_unreachable, with the last lines that the command said.
 */
export async function runSlurm(program: string, args: readonly string[], patience: number): Promise<string> {
  try {
    const { stdout } = await execute(program, args, {
      timeout: patience,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_ANSWER,
      env: { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin', LC_ALL: 'C' },
    });
    return stdout;
  } catch (error) {
    const said = describe(error, patience);
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

/** What sacctmgr says after each error, and at each try to connect. */
const FOLLOWS = /attempt number -?\d+$|^Unknown option: |^Use keyword 'where' /;

function describe(error: unknown, patience: number): string {
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
  if (killed) return `no answer within ${patience / 1000} s`;
  const said = `${stdout}\n${stderr}`
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !FOLLOWS.test(line));
  const words = said.length === 0 ? message : said.slice(-6).join('; ');
  // Names that others chose are in it, and it is shown on terminals.
  return words.replaceAll(/\p{Cc}/gu, '?').slice(0, 1000);
}
