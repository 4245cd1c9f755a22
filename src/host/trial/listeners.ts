// The listening TCP sockets of root's, as the kernel lists them (proc_net(5)).
import { readSocketTable, SOCKET_TABLES } from './socket-table.ts';
import { toCanonical } from './own-addresses.ts';
import type { TrialTarget } from './trial-target.ts';

/** More listeners of root's than this are not told. */
const MOST = 50;
const LISTEN = '0A';

/** All of them, of every user; `0.0.0.0` and `::` are all addresses. */
export function listSockets(process: 'self' | '1' = 'self'): TrialTarget[] {
  return listRaw(process).map(({ target }) => target);
}

/**
 * Those of uid 0 alone: user ids are those of the kernel, so no user's listener is among them. IPv4 comes first; an address
 * for all stands for loopback.
 * @param process whose network it is (proc_pid_net(5)): `self`, or `1` for one that has left the node's network.
 */
export function listListeners(process: 'self' | '1' = 'self'): TrialTarget[] {
  const targets = listRaw(process).flatMap(({ target: { address, port }, uid }): TrialTarget[] =>
    uid === '0' ? [{ address: LOOPBACK.get(address) ?? address, port }] : [],
  );
  return targets.slice(0, MOST);
}

const LOOPBACK: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

function listRaw(process: 'self' | '1'): { readonly target: TrialTarget; readonly uid: string }[] {
  return SOCKET_TABLES.flatMap((table) => {
    const isV6 = table.endsWith('6');
    return readSocketTable(table, process).flatMap(([, local = '', , state, , , , uid = '']) => {
      const [host = '', port = ''] = local.split(':');
      const address = isV6 ? readV6(host) : readV4(host);
      return state === LISTEN ? [{ target: { address, port: Number.parseInt(port, 16) }, uid }] : [];
    });
  });
}

/** In the machine's own byte order, which is little-endian wherever this program runs. */
function readV4(hex: string): string {
  const bytes = [...Buffer.from(hex, 'hex')].reverse();
  return bytes.join('.');
}

function readV6(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  for (let word = 0; word + 4 <= bytes.length; word += 4) bytes.subarray(word, word + 4).reverse();
  const groups = Array.from({ length: bytes.length / 2 }, (_, index) =>
    bytes.readUInt16BE(index * 2).toString(16),
  );
  return toCanonical(groups.join(':'));
}
