// A user who logs in again and again while other things happen, with a key of their own.
import { once } from 'node:events';
import type { LoginNode } from './node.ts';
import { SSH_OPTIONS } from './ssh-options.ts';

export interface Probe {
  /** Ends it after one more login, however slow the machine is. @returns how many there were, and the messages of those that failed. */
  stop(): Promise<{ logins: number; failures: string[] }>;
}

/**
 * Logs in all the time, or with a pause of so many seconds. A connection that is refused is tried once more a second later: while sshd reads its
 * configuration anew it accepts no connection for some milliseconds.
 */
export function startProbe(node: LoginNode, user: string, keyFile: string, pause = 0.1): Probe {
  const loop = `while :; do
    if said=$(ssh "$@" true 2>&1); then echo in; else echo "$(date +%T) $said"; fi
    sleep ${pause}
  done`;
  const options = [...SSH_OPTIONS, '-o', 'ConnectionAttempts=2', '-i', keyFile, `${user}@127.0.0.1`];
  const child = node.startInNetwork(['sh', '-c', loop, 'sh', ...options]);
  if (child.stdout === null) throw new Error('the probe has no output');
  const { stdout } = child;
  stdout.setEncoding('utf8');
  let lines: readonly string[] = [];
  let rest = '';
  stdout.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    lines = [...lines, ...parts];
  });
  return {
    async stop() {
      const wanted = lines.length + 1;
      while (lines.length < wanted) await once(stdout, 'data');
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      await ended;
      return { logins: lines.length, failures: lines.filter((line) => line !== 'in') };
    },
  };
}
