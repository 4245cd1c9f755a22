// Tells that another process has written into the state database.
import type { Connection } from './database.ts';

/** Another number after another connection has committed; a commit of this one leaves it (sqlite.org/pragma.html). */
export function foreignVersion(connection: Connection): number {
  return Number(connection.pragma('data_version', { simple: true }));
}
