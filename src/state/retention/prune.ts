// What the state database forgets of syncs and history: what is too old, and what is too much.
import type { Connection } from '../database.ts';
import { STORED_IS_COMPLETE } from '../syncs/report-codec.ts';

/** A sync each half minute makes 2,880 a day. */
const MAX_PASSES = 3000;
/** Some 40 MB: a first sync over 100,000 people leaves two rows for each. */
const MAX_HISTORY = 250_000;

/**
 * The last sync that read the store from end to end stays, however old: sudo and the age of the records hang on it.
 * @param maxAge audit.retention, in seconds.
 * @param keepSince epoch seconds: history from then on stays in any case, since the guard counts it.
 */
export function prune(connection: Connection, now: number, keepSince: number, maxAge: number): void {
  const before = Math.min(now - maxAge, keepSince);
  connection.transaction(() => {
    connection
      .prepare(
        'DELETE FROM history WHERE at < ? OR (at < ? AND rowid <= (SELECT max(rowid) FROM history) - ?)',
      )
      .run(before, keepSince, MAX_HISTORY);
    connection
      .prepare(
        'DELETE FROM pass WHERE (started_at < ? OR n <= (SELECT max(n) FROM pass) - ?) AND n <> ' +
          `(SELECT coalesce(max(n), 0) FROM pass WHERE ${STORED_IS_COMPLETE})`,
      )
      .run(before, MAX_PASSES);
  })();
}
