// What the guard counts and holds from one sync to the next.
import { COUNTED_KINDS } from '../plan/guard/guard-limits.ts';
import type { GuardRecord } from '../plan/guard/guard-model.ts';
import type { Connection } from './database.ts';
import { NOT_COUNTED } from './schema.ts';

/** A first sync over 100,000 people leaves as many rows that no limit counts. */
export const COUNTED_HISTORY =
  'SELECT at, scim_id AS scimId, kind FROM history WHERE at >= ? AND problem IS NULL ' +
  `AND kind IN (${COUNTED_KINDS.map((kind) => `'${kind}'`).join()}) AND ${NOT_COUNTED}`;

export interface GuardMemory {
  /** What the guard remembers from one sync to the next. */
  guardRecord(since: number): GuardRecord;
  recordHeld(held: ReadonlyMap<string, number>): void;
}

export function openGuardMemory(connection: Connection): GuardMemory {
  return {
    guardRecord: (since) => ({
      done: connection
        .prepare<[number], { at: number; scimId: string | null; kind: string }>(COUNTED_HISTORY)
        .all(since),
      heldSince: new Map(
        connection
          .prepare<[], { hash: string; since: number }>('SELECT hash, since FROM held')
          .all()
          .map((row) => [row.hash, row.since]),
      ),
    }),
    recordHeld(held) {
      connection.transaction(() => {
        connection.prepare('DELETE FROM held').run();
        const insert = connection.prepare('INSERT INTO held (hash, since) VALUES (?, ?)');
        for (const [hash, since] of held) insert.run(hash, since);
      })();
    },
  };
}
