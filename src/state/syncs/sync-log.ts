// The syncs and what they changed, until they are old.
import type { Evidence } from '../../plan/changes/descriptor.ts';
import type { Connection } from '../database.ts';
import { insertRows } from '../insert-rows.ts';
import { prune } from '../retention/prune.ts';
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
  /** What else is known of it; null or absent: nothing. */
  readonly detail?: Evidence | null;
}

export interface HistoryAround {
  /** Epoch seconds of the earliest row; null: there is none. */
  readonly begin: number | null;
  /**
   * Of each person, kind and name the newest row up to that time and the next one after it, those that were done; the
   * newest first.
   */
  readonly rows: readonly HistoryRow[];
}

/** What audit events are made from. */
export type EventSource = 'history' | 'audit';

export interface SyncLog {
  /** Opens the row of a sync; its number goes with the history. */
  beginSync(startedAt: number): number;
  endSync(n: number, report: object, history: readonly Omit<HistoryRow, 'sync'>[]): void;
  /** Number of the newest sync; 0: there is none. */
  newestSync(): number;
  /** What was done beside the syncs, under the number of the newest one. */
  addHistory(history: readonly Omit<HistoryRow, 'sync'>[]): void;
  /**
   * The report of the newest sync for which `accept` holds, or null. The same question, asked again, is only shown what
   * came since.
   * @param question what `accept` asks, in words that stand for nothing else.
   */
  lastSync<T>(question: string, accept: (report: T) => boolean): T | null;
  history(filter: { name?: string; since?: number; limit: number }): HistoryRow[];
  /** What tells of one time. @param at epoch seconds. */
  historyAround(at: number): HistoryAround;
  /** What no audit event was written of yet, the oldest first, at most so many rows, and what to mark afterwards. */
  unwritten(limit: number): { readonly rows: readonly HistoryRow[]; readonly upto: number };
  /** Up to where events were written: a row of the history, or bytes of the audit trail. */
  readUpto(stream: EventSource): number;
  markWritten(stream: EventSource, upto: number): void;
  /** The snapshot's hash of each of these syncs, as far as they are still on record. */
  snapshots(syncs: ReadonlySet<number>): ReadonlyMap<number, string>;
  /**
   * Drops what is old or too much of syncs and history.
   * @param maxAge audit.retention, in seconds.
   * @param keepSince epoch seconds: what happened later stays in any case, since the guard counts it.
   */
  prune(now: number, keepSince: number, maxAge: number): void;
}

export function openSyncLog(connection: Connection): SyncLog {
  const newestSync = (): number =>
    connection.prepare<[], { n: number | null }>('SELECT max(n) AS n FROM pass').get()?.n ?? 0;
  return {
    newestSync,
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
    addHistory(history) {
      insertRows(connection, 'history', HISTORY_COLUMNS, history.values().map(rowOf(newestSync())));
    },
    lastSync: openSyncSearch(connection),
    history: ({ name, since = 0, limit }) =>
      connection
        .prepare<[number, string | null, string | null, number], StoredHistory>(
          `SELECT ${selectHistory(connection)} FROM history ` +
            'WHERE at >= ? AND (? IS NULL OR name = ?) ORDER BY rowid DESC LIMIT ?',
        )
        .all(since, name ?? null, name ?? null, limit)
        .map(readRow),
    historyAround: (at) => readHistoryAround(connection, at),
    unwritten(limit) {
      const from = readUpto(connection, 'history');
      const rows = connection
        .prepare<[number, number], StoredHistory & { row: number }>(
          `SELECT rowid AS row, ${selectHistory(connection)} FROM history WHERE rowid > ? ORDER BY rowid LIMIT ?`,
        )
        .all(from, limit);
      const newest = connection
        .prepare<[], { row: number | null }>('SELECT max(rowid) AS row FROM history')
        .get();
      // Without rows, numbers begin anew.
      return { rows: rows.map(readRow), upto: rows.at(-1)?.row ?? Math.min(from, newest?.row ?? 0) };
    },
    readUpto: (stream) => readUpto(connection, stream),
    markWritten(stream, upto) {
      if (readUpto(connection, stream) !== upto)
        connection.prepare('UPDATE emitted SET upto = ? WHERE stream = ?').run(upto, stream);
    },
    snapshots: (syncs) => readSnapshots(connection, syncs),
    prune: (now, keepSince, maxAge) => prune(connection, now, keepSince, maxAge),
  };
}

function readSnapshots(connection: Connection, syncs: ReadonlySet<number>): Map<number, string> {
  const find = connection.prepare<[number], { snapshot: string | null }>(
    "SELECT json_extract(report, '$.snapshot') AS snapshot FROM pass WHERE n = ? AND json_valid(report)",
  );
  return new Map(
    [...syncs].flatMap((n): [number, string][] => {
      const snapshot = find.get(n)?.snapshot ?? null;
      return snapshot === null ? [] : [[n, snapshot]];
    }),
  );
}

function readHistoryAround(connection: Connection, at: number): HistoryAround {
  const done = 'FROM history WHERE problem IS NULL AND at';
  const group = 'GROUP BY scim_id, kind, name';
  const rows = connection
    .prepare<[number, number], StoredHistory>(
      `SELECT ${selectHistory(connection)} FROM history WHERE rowid IN (` +
        `SELECT max(rowid) ${done} <= ? ${group} UNION ALL SELECT min(rowid) ${done} > ? ${group}` +
        ') ORDER BY rowid DESC',
    )
    .all(at, at)
    .map(readRow);
  const earliest = connection
    .prepare<[], { begin: number | null }>('SELECT min(at) AS begin FROM history')
    .get();
  return { begin: earliest?.begin ?? null, rows };
}

const HISTORY_COLUMNS = ['pass', 'at', 'scim_id', 'kind', 'name', 'because', 'problem', 'detail'] as const;

/** A command reads what an older build left, which only a sync brings up to date. */
function selectHistory(connection: Connection): string {
  const found = connection.prepare("SELECT 1 FROM pragma_table_info('history') WHERE name = 'detail'").get();
  const detail = found === undefined ? 'NULL AS detail' : 'detail';
  return `pass AS sync, at, scim_id AS scimId, kind, name, because, problem, ${detail}`;
}

type StoredHistory = Omit<HistoryRow, 'detail'> & { readonly detail: string | null };

function readRow({ detail, ...row }: StoredHistory): HistoryRow {
  return detail === null ? row : { ...row, detail: parseDetail(detail) };
}

/** A damaged one tells nothing. */
function parseDetail(text: string): Evidence | null {
  try {
    return JSON.parse(text) as Evidence;
  } catch {
    return null;
  }
}

function readUpto(connection: Connection, stream: EventSource): number {
  const found = connection
    .prepare<[string], { upto: number }>('SELECT upto FROM emitted WHERE stream = ?')
    .get(stream);
  return found?.upto ?? 0;
}

const rowOf =
  (sync: number) =>
  ({ at, scimId, kind, name, because, problem, detail = null }: Omit<HistoryRow, 'sync'>) =>
    [
      sync,
      at,
      scimId,
      kind,
      name,
      because,
      problem,
      detail === null ? null : JSON.stringify(detail),
    ] as const;
