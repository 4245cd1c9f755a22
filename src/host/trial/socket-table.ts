// The TCP sockets of a network namespace, as the kernel lists them (proc_net(5)).
import { readFileSync } from 'node:fs';

export const SOCKET_TABLES = ['tcp', 'tcp6'] as const;

/**
 * The lines of a table without its heading, each split at blanks; empty where the kernel has no IPv6.
 * @param process whose namespace it is.
 */
export function readSocketTable(
  table: (typeof SOCKET_TABLES)[number],
  process: 'self' | '1' = 'self',
): string[][] {
  try {
    return readFileSync(`/proc/${process}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause) return [];
    throw cause;
  }
}
