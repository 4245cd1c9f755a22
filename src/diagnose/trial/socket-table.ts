// The TCP sockets of this network namespace, as the kernel lists them (proc_net(5)).
import { readFileSync } from 'node:fs';

export const SOCKET_TABLES = ['/proc/net/tcp', '/proc/net/tcp6'] as const;

/** The lines of a table without its heading, each split at blanks; empty where the kernel has no IPv6. */
export function readSocketTable(file: (typeof SOCKET_TABLES)[number]): string[][] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) return [];
    throw cause;
  }
}
