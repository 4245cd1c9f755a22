// A user who logs in again and again while other things happen, with a key of their own.
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { LoginNode } from './node.ts';
import { SSH_OPTIONS } from './ssh-options.ts';

export interface Probe {
  /** Ends it. @returns how many logins there were, and the messages of those that failed. */
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
  const said = text(child.stdout);
  return {
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      const lines = (await said).split('\n').filter((line) => line !== '');
      return { logins: lines.length, failures: lines.filter((line) => line !== 'in') };
    },
  };
}
