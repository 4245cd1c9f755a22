// Runs a short program as another user, who may trace it and write into it: it has no terminal, and nothing of this process.
import { spawn } from 'node:child_process';

/** What the program left; `fault`: why it has no status. */
export interface UserAnswer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly fault: string;
}

const MOST_BYTES = 4 * 1024 * 1024;

/**
 * In a session of its own: with that of an operator, the user could make it type on the operator's terminal
 * (TIOCSTI, ioctl_tty(2)).
 * @param timeout milliseconds; then the program and what it started in its session ends.
 */
export function runAsUser(
  program: string,
  args: readonly string[],
  ids: { readonly uid: number; readonly gid: number },
  timeout: number,
  environment: Readonly<Record<string, string>> | undefined,
): Promise<UserAnswer> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      detached: true,
      stdio: 'pipe',
      uid: ids.uid,
      gid: ids.gid,
      ...(environment === undefined ? {} : { env: environment }),
    });
    const said = { stdout: '', stderr: '' };
    let fault = '';
    const end = (why: string): void => {
      fault ||= why;
      endGroup(child.pid);
      // What has left the group may hold the pipes.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(() => end(`no answer within ${timeout / 1000} s`), timeout);
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] += text;
        if (said[stream].length > MOST_BYTES) end('it says more than is read');
      });
    child.on('error', (error) => (fault ||= error.message));
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve({ ...said, status: fault === '' ? status : null, fault });
    });
  });
}

/** The child leads it. */
function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause;
  }
}
