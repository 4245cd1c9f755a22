// The port that a running ssh connects from, so that sshd's log lines about this very connection can be told from others.
import { readdirSync, readlinkSync } from 'node:fs';
import { readSocketTable, SOCKET_TABLES } from '../../host/trial/socket-table.ts';

export interface PortSearch {
  /** null: not seen before the search was stopped. */
  readonly found: Promise<number | null>;
  stop(): void;
}

const LOOK_EVERY_MS = 5;

/**
 * Looks until the process has a connection to that port (proc_net(5), proc_pid_fd(5)).
 * @param pid null: not started yet.
 */
export function findLocalPort(pid: () => number | null, remotePort: number): PortSearch {
  let settle: (port: number | null) => void = () => {};
  const found = new Promise<number | null>((resolve) => {
    settle = resolve;
  });
  const timer = setInterval(() => {
    const known = pid();
    const port = known === null ? null : findPort(listSockets(known), remotePort);
    if (port !== null) end(port);
  }, LOOK_EVERY_MS);
  function end(port: number | null): void {
    clearInterval(timer);
    settle(port);
  }
  return { found, stop: () => end(null) };
}

/** Inodes of the sockets of a process; empty: it is gone, or may not be read. */
function listSockets(pid: number): Set<string> {
  try {
    const links = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) return new Set();
    throw cause;
  }
}

function findPort(inodes: ReadonlySet<string>, remotePort: number): number | null {
  if (inodes.size === 0) return null;
  for (const file of SOCKET_TABLES) {
    for (const [, local = '', remote = '', , , , , , , inode = ''] of readSocketTable(file)) {
      if (inodes.has(inode) && readPort(remote) === remotePort) return readPort(local);
    }
  }
  return null;
}

/** `0100007F:0016`, the port in hexadecimal. */
function readPort(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(':') + 1), 16);
}
