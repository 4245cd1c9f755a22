// The state database: last good records, the ledger, the syncs, the history and what the guard holds.
import type { GuardRecord } from '../plan/guard/guard-model.ts';
import { COUNTED_KINDS } from '../plan/guard/guard-limits.ts';
import type { Binding, StoredGroup, StoredUser } from '../policy/model.ts';
import type { Rebinding } from '../policy/identity/rebind.ts';
import type { Finding, ResourceKind } from '../protocol/records.ts';
import {
  type Connection,
  copyToMemory,
  openDatabase,
  openDatabaseToRead,
  type OpenedDatabase,
} from './database.ts';
import { type RecordIndex, loadRecordIndex } from './record-index.ts';
import { insertRows } from './insert-rows.ts';
import { moveBindings, readBindings, recordBindings } from './ledger.ts';
import { openSyncSearch } from './sync-search.ts';
import { prune } from './prune.ts';
import { encodeReport } from './report-codec.ts';
import { NOT_COUNTED } from './schema.ts';
import { openIngestBatch } from './batch/ingest-batch.ts';
import type { IngestBatch, IngestRules } from './batch/ingest-model.ts';

/** A first sync over 100,000 people leaves as many rows that no scale looks at. */
export const COUNTED_HISTORY =
  'SELECT at, scim_id AS scimId, kind FROM history WHERE at >= ? AND problem IS NULL ' +
  `AND kind IN (${COUNTED_KINDS.map((kind) => `'${kind}'`).join()}) AND ${NOT_COUNTED}`;

/** One change that was applied, or tried. */
export interface HistoryRow {
  /** Number of the sync. */
  readonly pass: number;
  /** Epoch seconds. */
  readonly at: number;
  readonly scimId: string | null;
  readonly kind: string;
  readonly name: string;
  readonly because: string;
  /** Why it failed; null: it was done. */
  readonly problem: string | null;
}

export interface QuarantineRow {
  readonly kind: ResourceKind;
  readonly id: string;
  readonly findings: readonly Finding[];
  /** Epoch seconds. */
  readonly since: number;
}

export interface StateDatabase {
  /** Where a damaged file was moved to when this one was opened, or null. */
  readonly setAside: string | null;
  /** Whether the file that it opened still lies in its place; if not, what it writes is lost with the process. */
  isInPlace(): boolean;
  /** A copy with the same content that lives in memory, for while the file cannot be written; the caller closes it. */
  copyToMemory(): StateDatabase;
  openBatch(rules: IngestRules): IngestBatch;
  users(): StoredUser[];
  groups(): StoredGroup[];
  quarantine(): QuarantineRow[];
  /** How many users and groups are there (not absent), and how many resources are in quarantine. */
  counts(): { users: number; groups: number; quarantined: number };
  /** A hash over all records, equal on every node that has fetched the same. */
  snapshotHash(): string;
  /** Another number after another process has written. */
  foreignVersion(): number;
  bindings(): readonly Binding[];
  bind(bindings: readonly Binding[]): void;
  /** Moves bindings to new SCIM ids; the former ones stay on record. `at` in epoch seconds, `by` an operator. */
  rebind(moves: readonly Rebinding[], at: number, by: string): void;
  /** Opens the row of a sync; its number goes with the history. */
  beginSync(startedAt: number): number;
  endSync(n: number, report: object, history: readonly Omit<HistoryRow, 'pass'>[]): void;
  /**
   * The report of the newest sync for which `accept` holds, or null. The same question, asked again, is only shown what
   * came since.
   * @param question what `accept` asks, in words that stand for nothing else.
   */
  lastSync<T>(question: string, accept: (report: T) => boolean): T | null;
  history(filter: { name?: string; since?: number; limit: number }): HistoryRow[];
  /** The snapshot's hash of each of these syncs, as far as they are still on record. */
  snapshots(passes: ReadonlySet<number>): ReadonlyMap<number, string>;
  /** What the guard remembers from one sync to the next. */
  guardRecord(since: number): GuardRecord;
  recordHeld(held: ReadonlyMap<string, number>): void;
  /** Stores what was read of keys since the last time, so that no process has to read them again. */
  saveReadings(): void;
  /**
   * Drops what is old or too much of syncs and history.
   * @param keepSince epoch seconds: what happened later stays in any case, since the guard counts it.
   */
  prune(now: number, keepSince: number): void;
  close(): void;
}

/** What can be asked without the right to change anything. */
export type StateView = Omit<
  StateDatabase,
  | 'setAside'
  | 'isInPlace'
  | 'copyToMemory'
  | 'openBatch'
  | 'bind'
  | 'rebind'
  | 'saveReadings'
  | 'beginSync'
  | 'endSync'
  | 'recordHeld'
  | 'prune'
>;

/**
 * Opens the state database in `folder` (the state directory, 0700).
 * @param node a word that all processes of this node have in common; another node is refused.
 * @throws AgentError state_folder
 */
export function openStateDatabase(directory: string, now: number, node: string): StateDatabase {
  return mirrorOver(openDatabase(directory, now, node));
}

/**
 * Opens the state database to read it only, beside its writer: nothing is made, migrated or set aside.
 * @throws AgentError state_folder, cache_damaged
 */
export function viewState(directory: string): StateView {
  const connection = openDatabaseToRead(directory);
  return mirrorOver({ connection, setAside: null, isInPlace: () => true, close: () => connection.close() });
}

function mirrorOver({ connection, setAside, isInPlace, close }: OpenedDatabase): StateDatabase {
  const memory = openMemory(connection);

  return {
    setAside,
    isInPlace,
    copyToMemory: () => mirrorOver(copyToMemory(connection)),
    openBatch: (rules) => openIngestBatch(connection, memory.image(), rules),
    users: () => [...memory.image().User.values()],
    groups: () => [...memory.image().Group.values()],
    quarantine: () =>
      connection
        .prepare<[], { kind: ResourceKind; id: string; findings: string; since: number }>(
          'SELECT kind, id, findings, since FROM quarantine WHERE json_valid(findings) ORDER BY kind, id',
        )
        .all()
        .map((row) => ({ ...row, findings: JSON.parse(row.findings) as Finding[] })),
    counts() {
      const image = memory.image();
      const quarantined = connection.prepare<[], { n: number }>('SELECT count(*) AS n FROM quarantine').get();
      return {
        users: countPresent(image.User),
        groups: countPresent(image.Group),
        quarantined: quarantined?.n ?? 0,
      };
    },
    snapshotHash: () => memory.image().hash(),
    bindings: () => memory.ledger(),
    bind(bindings) {
      if (bindings.length === 0) return;
      recordBindings(connection, bindings);
      memory.forgetLedger();
    },
    rebind(moves, at, by) {
      moveBindings(connection, moves, at, by);
      memory.forgetLedger();
    },
    saveReadings: () => memory.image().saveReadings(),
    foreignVersion: () => Number(connection.pragma('data_version', { simple: true })),
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
          'SELECT pass, at, scim_id AS scimId, kind, name, because, problem FROM history ' +
            'WHERE at >= ? AND (? IS NULL OR name = ?) ORDER BY rowid DESC LIMIT ?',
        )
        .all(since, name ?? null, name ?? null, limit),
    snapshots(passes) {
      const find = connection.prepare<[number], { snapshot: string | null }>(
        "SELECT json_extract(report, '$.snapshot') AS snapshot FROM pass WHERE n = ? AND json_valid(report)",
      );
      return new Map(
        [...passes].flatMap((pass): [number, string][] => {
          const snapshot = find.get(pass)?.snapshot ?? null;
          return snapshot === null ? [] : [[pass, snapshot]];
        }),
      );
    },
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
    prune: (now, keepSince) => prune(connection, now, keepSince),
    close,
  };
}

const HISTORY_COLUMNS = ['pass', 'at', 'scim_id', 'kind', 'name', 'because', 'problem'] as const;

const rowOf =
  (pass: number) =>
  ({ at, scimId, kind, name, because, problem }: Omit<HistoryRow, 'pass'>) =>
    [pass, at, scimId, kind, name, because, problem] as const;

function countPresent(rows: ReadonlyMap<string, { readonly absent: boolean }>): number {
  let count = 0;
  for (const { absent } of rows.values()) if (!absent) count += 1;
  return count;
}

/** Records and ledger in memory, read again when another process has written. */
function openMemory(connection: Connection) {
  let version: unknown = null;
  let image: RecordIndex | null = null;
  let ledger: Binding[] | null = null;
  const checkVersion = (): void => {
    // It changes when another connection commits, and not when this one does (sqlite.org/pragma.html).
    const found: unknown = connection.pragma('data_version', { simple: true });
    if (found === version) return;
    version = found;
    image = null;
    ledger = null;
  };
  return {
    image(): RecordIndex {
      checkVersion();
      return (image ??= loadRecordIndex(connection));
    },
    ledger(): readonly Binding[] {
      checkVersion();
      return (ledger ??= readBindings(connection));
    },
    forgetLedger(): void {
      ledger = null;
    },
  };
}
