// Where sshd really listens: a socket of systemd, or an sshd that has not read its configuration yet, may listen elsewhere.
import { connect } from 'node:net';
import { listListeners } from '../../host/trial/listeners.ts';
import type { TrialTarget } from '../../host/trial/trial-target.ts';

/** Milliseconds for the first line of a server on this node. */
const TIMEOUT_MS = 1500;

/**
 * The first configured target at which an SSH server answers, else a listening socket of root's at which one does, else
 * null. A listener of a user is never asked: user ids are those of the kernel (proc_net(5)).
 */
export async function findListener(configured: readonly TrialTarget[]): Promise<TrialTarget | null> {
  for (const target of configured) if (await answersAsSsh(target)) return target;
  for (const target of listListeners()) if (await answersAsSsh(target)) return target;
  return null;
}

/** Whether the server's first line is that of the SSH protocol (RFC 4253 section 4.2). */
function answersAsSsh({ address, port }: TrialTarget): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: TIMEOUT_MS });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', (chunk) => end(chunk.toString('latin1').startsWith('SSH-2.0-')));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
    socket.once('close', () => end(false));
  });
}
