// The syncs and what they changed, until they are old.
import type { Connection } from '../database.ts';
import { insertRows } from '../insert-rows.ts';
import { prune } from '../prune.ts';
import { encodeReport } from './report-codec.ts';
import { openSyncSearch } from './sync-search.ts';

/** One change that was applied, or tried. */
export interface HistoryRow {
  /** Number of the sync. */
  readonly sync: number;
  /** Epoch seconds. */
  readonly at: number;
  readonly scimId: string | null;
  readonly kind: string;
  readonly name: string;
  readonly because: string;
  /** Why it failed; null: it was done. */
  readonly problem: string | null;
}

export interface SyncLog {
  /** Opens the row of a sync; its number goes with the history. */
  beginSync(startedAt: number): number;
  endSync(n: number, report: object, history: readonly Omit<HistoryRow, 'sync'>[]): void;
  /**
   * The report of the newest sync for which `accept` holds, or null. The same question, asked again, is only shown what
   * came since.
   * @param question what `accept` asks, in words that stand for nothing else.
   */
  lastSync<T>(question: string, accept: (report: T) => boolean): T | null;
  history(filter: { name?: string; since?: number; limit: number }): HistoryRow[];
  /** The snapshot's hash of each of these syncs, as far as they are still on record. */
  snapshots(syncs: ReadonlySet<number>): ReadonlyMap<number, string>;
  /**
   * Drops what is old or too much of syncs and history.
   * @param keepSince epoch seconds: what happened later stays in any case, since the guard counts it.
   */
  prune(now: number, keepSince: number): void;
}

export function openSyncLog(connection: Connection): SyncLog {
  return {
    beginSync: (startedAt) =>
      Number(
        connection.prepare('INSERT INTO pass (started_at, report) VALUES (?, ?)').run(startedAt, '{}')
          .lastInsertRowid,
      ),
    endSync(n, report, history) {
      connection.transaction(() => {
        const rows = history.values().map(rowOf(n));
        insertRows(connection, 'history', HISTORY_COLUMNS, rows);
        connection.prepare('UPDATE pass SET report = ? WHERE n = ?').run(encodeReport(report), n);
      })();
    },
    lastSync: openSyncSearch(connection),
    history: ({ name, since = 0, limit }) =>
      connection
        .prepare<[number, string | null, string | null, number], HistoryRow>(
          'SELECT pass AS sync, at, scim_id AS scimId, kind, name, because, problem FROM history ' +
            'WHERE at >= ? AND (? IS NULL OR name = ?) ORDER BY rowid DESC LIMIT ?',
        )
        .all(since, name ?? null, name ?? null, limit),
    snapshots(syncs) {
      const find = connection.prepare<[number], { snapshot: string | null }>(
        "SELECT json_extract(report, '$.snapshot') AS snapshot FROM pass WHERE n = ? AND json_valid(report)",
      );
      return new Map(
        [...syncs].flatMap((n): [number, string][] => {
          const snapshot = find.get(n)?.snapshot ?? null;
          return snapshot === null ? [] : [[n, snapshot]];
        }),
      );
    },
    prune: (now, keepSince) => prune(connection, now, keepSince),
  };
}

const HISTORY_COLUMNS = ['pass', 'at', 'scim_id', 'kind', 'name', 'because', 'problem'] as const;

const rowOf =
  (sync: number) =>
  ({ at, scimId, kind, name, because, problem }: Omit<HistoryRow, 'sync'>) =>
    [sync, at, scimId, kind, name, because, problem] as const;
