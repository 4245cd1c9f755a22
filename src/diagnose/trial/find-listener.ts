// Where sshd really listens: a socket of systemd, or an sshd that has not read its configuration yet, may listen elsewhere.
import { connect } from 'node:net';
import { readSocketTable, SOCKET_TABLES } from './socket-table.ts';
import type { TrialTarget } from './trial-target.ts';

/** Milliseconds for the first line of a server on this node. */
const TIMEOUT_MS = 1500;
/** More listeners of root's than this are not asked. */
const MOST_ASKED = 50;

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

const LISTEN = '0A';

/** Listening TCP sockets of uid 0, those of IPv4 first; an address for all stands for loopback. */
export function listListeners(): TrialTarget[] {
  const targets = SOCKET_TABLES.flatMap((file) => {
    const isV6 = file.endsWith('6');
    return readSocketTable(file).flatMap(([, local = '', , state, , , , uid]): TrialTarget[] => {
      const [host = '', port = ''] = local.split(':');
      if (state !== LISTEN || uid !== '0') return [];
      return [{ address: isV6 ? readV6(host) : readV4(host), port: Number.parseInt(port, 16) }];
    });
  });
  return targets.slice(0, MOST_ASKED);
}

/** In the machine's own byte order, which is little-endian wherever this program runs. */
function readV4(hex: string): string {
  const bytes = [...Buffer.from(hex, 'hex')].reverse();
  return bytes.every((byte) => byte === 0) ? '127.0.0.1' : bytes.join('.');
}

function readV6(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  for (let word = 0; word + 4 <= bytes.length; word += 4) bytes.subarray(word, word + 4).reverse();
  const groups = Array.from({ length: bytes.length / 2 }, (_, index) =>
    bytes.readUInt16BE(index * 2).toString(16),
  );
  return bytes.every((byte) => byte === 0) ? '::1' : groups.join(':');
}
