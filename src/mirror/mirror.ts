// The node's memory: last good records, the ledger, the passes, the history and what the guard holds.
import { createHash } from 'node:crypto';
import type { GuardRecord } from '../plan/guard.ts';
import type { Binding, MirroredGroup, MirroredUser } from '../policy/desired.ts';
import type { Rebinding } from '../policy/rebind.ts';
import type { Finding, GroupRecord, ResourceKind, UserRecord } from '../scim/resources.ts';
import { type Connection, openDatabase, openDatabaseToRead } from './database.ts';
import { moveBindings, readBindings, recordBindings } from './ledger.ts';
import { beginTake, type Take, type TakeRules } from './take.ts';

/** One thing that was done, or tried, to somebody. */
export interface HistoryRow {
  /** Number of the pass. */
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

export interface Mirror {
  /** Where a damaged file was moved to when this one was opened, or null. */
  readonly setAside: string | null;
  beginTake(rules: TakeRules): Take;
  users(): MirroredUser[];
  groups(): MirroredGroup[];
  quarantine(): QuarantineRow[];
  /** How many users and groups are there (not absent), and how many resources are in quarantine. */
  counts(): { users: number; groups: number; quarantined: number };
  /** A hash over all records, equal on every node that has heard the same. */
  snapshotHash(): string;
  bindings(): Binding[];
  bind(bindings: readonly Binding[]): void;
  /** Moves bindings to new SCIM ids; the former ones stay on record. `at` in epoch seconds, `by` an operator. */
  rebind(moves: readonly Rebinding[], at: number, by: string): void;
  /** Opens the row of a pass; its number goes with the history. */
  beginPass(startedAt: number): number;
  endPass(n: number, report: unknown, history: readonly Omit<HistoryRow, 'pass'>[]): void;
  /** The report of the newest pass for which `accept` holds, or null. */
  lastPass<T>(accept: (report: T) => boolean): T | null;
  history(filter: { name?: string; since?: number; limit: number }): HistoryRow[];
  /** What the guard remembers from one pass to the next. */
  guardRecord(since: number): GuardRecord;
  recordHeld(held: ReadonlyMap<string, number>): void;
  /** Drops passes and history older than `before` (epoch seconds), keeping at least the newest `keep` passes. */
  prune(before: number, keep: number): void;
  close(): void;
}

/** What can be asked without the right to change anything. */
export type MirrorView = Omit<
  Mirror,
  'setAside' | 'beginTake' | 'bind' | 'beginPass' | 'endPass' | 'recordHeld' | 'prune'
>;

/**
 * Opens the mirror in `folder` (the state folder, 0700).
 * @throws AgentError state_folder
 */
export function openMirror(folder: string, now: number): Mirror {
  const { connection, setAside } = openDatabase(folder, now);
  return mirrorOver(connection, setAside);
}

/**
 * Opens the mirror to read it only, beside whoever writes it: nothing is made, migrated or set aside.
 * @throws AgentError state_folder, cache_damaged
 */
export function viewMirror(folder: string): MirrorView {
  return mirrorOver(openDatabaseToRead(folder), null);
}

function mirrorOver(connection: Connection, setAside: string | null): Mirror {
  return {
    setAside,
    beginTake: (rules) => beginTake(connection, rules),
    users: () =>
      connection
        .prepare<[], { body: string; confirmed_at: number; absent: number }>(
          "SELECT body, confirmed_at, absent FROM record WHERE kind = 'User'",
        )
        .all()
        .map((row) => ({
          record: JSON.parse(row.body) as UserRecord,
          confirmedAt: row.confirmed_at,
          absent: row.absent === 1,
        })),
    groups: () =>
      connection
        .prepare<[], { body: string; absent: number }>("SELECT body, absent FROM record WHERE kind = 'Group'")
        .all()
        .map((row) => ({ record: JSON.parse(row.body) as GroupRecord, absent: row.absent === 1 })),
    quarantine: () =>
      connection
        .prepare<[], { kind: ResourceKind; id: string; findings: string; since: number }>(
          'SELECT kind, id, findings, since FROM quarantine ORDER BY kind, id',
        )
        .all()
        .map((row) => ({ ...row, findings: JSON.parse(row.findings) as Finding[] })),
    counts() {
      const count = (sql: string): number => connection.prepare<[], { n: number }>(sql).get()?.n ?? 0;
      return {
        users: count("SELECT count(*) AS n FROM record WHERE kind = 'User' AND absent = 0"),
        groups: count("SELECT count(*) AS n FROM record WHERE kind = 'Group' AND absent = 0"),
        quarantined: count('SELECT count(*) AS n FROM quarantine'),
      };
    },
    snapshotHash() {
      const digest = createHash('sha256');
      const rows = connection
        .prepare<[], { kind: string; id: string; digest: string }>(
          'SELECT kind, id, digest FROM record WHERE absent = 0 ORDER BY kind, id',
        )
        .iterate();
      for (const { kind, id, digest: body } of rows) digest.update(`${kind}\0${id}\0${body}\n`);
      return digest.digest('hex').slice(0, 16);
    },
    bindings: () => readBindings(connection),
    bind: (bindings) => recordBindings(connection, bindings),
    rebind: (moves, at, by) => moveBindings(connection, moves, at, by),
    beginPass: (startedAt) =>
      Number(
        connection.prepare('INSERT INTO pass (started_at, report) VALUES (?, ?)').run(startedAt, '{}')
          .lastInsertRowid,
      ),
    endPass(n, report, history) {
      const insert = connection.prepare(
        'INSERT INTO history (pass, at, scim_id, kind, name, because, problem) VALUES (?, ?, ?, ?, ?, ?, ?)',
      );
      connection.transaction(() => {
        for (const row of history)
          insert.run(n, row.at, row.scimId, row.kind, row.name, row.because, row.problem);
        connection.prepare('UPDATE pass SET report = ? WHERE n = ?').run(JSON.stringify(report), n);
      })();
    },
    lastPass<T>(accept: (report: T) => boolean): T | null {
      const rows = connection
        .prepare<[], { report: string }>(
          "SELECT report FROM pass WHERE report <> '{}' ORDER BY n DESC LIMIT 10000",
        )
        .iterate();
      for (const { report } of rows) {
        const parsed = JSON.parse(report) as T;
        if (accept(parsed)) return parsed;
      }
      return null;
    },
    history: ({ name, since = 0, limit }) =>
      connection
        .prepare<[number, string | null, string | null, number], HistoryRow>(
          'SELECT pass, at, scim_id AS scimId, kind, name, because, problem FROM history ' +
            'WHERE at >= ? AND (? IS NULL OR name = ?) ORDER BY rowid DESC LIMIT ?',
        )
        .all(since, name ?? null, name ?? null, limit),
    guardRecord: (since) => ({
      done: connection
        .prepare<[number], { at: number; scimId: string | null; kind: string }>(
          'SELECT at, scim_id AS scimId, kind FROM history WHERE at >= ? AND problem IS NULL',
        )
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
    prune(before, keep) {
      connection.transaction(() => {
        connection.prepare('DELETE FROM history WHERE at < ?').run(before);
        connection
          .prepare('DELETE FROM pass WHERE started_at < ? AND n <= (SELECT max(n) FROM pass) - ?')
          .run(before, keep);
      })();
    },
    close: () => connection.close(),
  };
}
