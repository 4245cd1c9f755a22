// Runs the operator's off-boarding hook for one user, with a time limit, and ends all that it starts.
import { spawn } from 'node:child_process';
import { findUnsafePath } from '../fs/safe-path.ts';

/** The user that the hook runs for. */
export interface HookPerson {
  readonly name: string;
  readonly uid: number;
  readonly scimId: string;
}

export interface HookLimits {
  /** Seconds. */
  readonly timeout: number;
  readonly stop?: AbortSignal;
}

/**
 * Runs `program` without arguments; the user is in the environment (SUNK_AGENT_NAME, SUNK_AGENT_UID,
 * SUNK_AGENT_SCIM_ID), as are PATH and LANG; its output goes to that of this process.
 * @param limits after `timeout` seconds, or when `stop` aborts, it and its children get KILL.
 * @param top root alone may write to the program and every directory from here (tests pass their own directory).
 * @returns what failed, as one phrase; null: nothing.
 */
export async function runHook(
  program: string,
  person: HookPerson,
  { timeout, stop }: HookLimits,
  top = '/',
): Promise<string | null> {
  const fault = await findUnsafePath(program, process.geteuid?.() ?? 0, top);
  if (fault !== null) return `it is not run, because ${fault}`;
  if (stop?.aborted === true) return 'it is not run, because its service was stopped';
  return new Promise((resolve) => {
    const child = spawn(program, [], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', process.stderr, process.stderr],
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        LANG: 'C.UTF-8',
        SUNK_AGENT_NAME: person.name,
        SUNK_AGENT_UID: String(person.uid),
        // The store's text: only characters that mean nothing to a shell.
        SUNK_AGENT_SCIM_ID: person.scimId.replace(/[^A-Za-z0-9._:@+=-]/g, '_').slice(0, 256),
      },
    });
    let isOverdue = false;
    const end = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The process group is empty already.
      }
    };
    const timer = setTimeout(() => {
      isOverdue = true;
      end();
    }, timeout * 1000);
    // Where no control group ends them (s6), a service that stops would leave its hooks running.
    stop?.addEventListener('abort', end);
    const finish = (problem: string | null): void => {
      clearTimeout(timer);
      stop?.removeEventListener('abort', end);
      end();
      resolve(problem);
    };
    child.once('error', (error) => finish(`it cannot be started: ${error.message}`));
    child.once('exit', (status, signal) => {
      if (isOverdue) finish(`it took longer than ${timeout} s and was ended`);
      else if (signal !== null) finish(`it was ended by ${signal}`);
      else finish(status === 0 ? null : `it ended with status ${status ?? '?'}`);
    });
  });
}
