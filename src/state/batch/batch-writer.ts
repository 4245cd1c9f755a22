// The write of a batch: what waits beside the records (quarantine, members that are missing), then all in one transaction.
import type { Finding, GroupRecord, ResourceKind, UserRecord } from '../../protocol/records.ts';
import { encodeFindings } from './quarantine.ts';
import type { Connection } from '../database.ts';
import type { Row } from '../record-index.ts';

export interface FinishedRow {
  readonly kind: ResourceKind;
  readonly row: Row<UserRecord | GroupRecord>;
  /** The record as JSON. */
  readonly body: string;
}

export interface BatchWriter {
  quarantine(kind: ResourceKind, id: string, findings: readonly Finding[], names: readonly string[]): void;
  /** Nothing of that record is refused any more. */
  release(kind: ResourceKind, id: string): void;
  /** Complete syncs in a row before this batch that did not list this member. */
  timesMissed(group: string, user: string): number;
  missMember(group: string, user: string, times: number): void;
  forgetMember(group: string, user: string): void;
  /**
   * All or nothing.
   * @param rows asked for one by one, so that no more than one body is in memory.
   * @param hasReturned whether a member that was missing is listed again.
   */
  write(rows: Iterable<FinishedRow>, hasReturned: (group: string, user: string) => boolean): void;
}

interface Member {
  readonly group: string;
  readonly user: string;
  /** null: no longer missing. */
  readonly times: number | null;
}

/** Reads what the tables say now; nothing is written before `write`. @param now epoch seconds. */
export function openBatchWriter(connection: Connection, now: number): BatchWriter {
  const statements = prepareStatements(connection);
  const stored = new Map(
    statements.quarantined.all().map(({ kind, id, findings }) => [`${kind} ${id}`, findings]),
  );
  /** null: released. */
  const quarantines = new Map<string, { kind: ResourceKind; id: string; findings: string | null }>();
  const members: Member[] = [];

  function writeBeside(): void {
    for (const { kind, id, findings } of quarantines.values()) {
      if (findings === null) statements.release.run(kind, id);
      else statements.quarantine.run(kind, id, findings, now);
    }
    for (const { group, user, times } of members) {
      if (times === null) statements.forgetMember.run(group, user);
      else statements.missMember.run(group, user, times);
    }
  }

  return {
    quarantine(kind, id, findings, names) {
      quarantines.set(`${kind} ${id}`, { kind, id, findings: encodeFindings(findings, names) });
    },
    release(kind, id) {
      // It is asked for every sound record.
      if (stored.size === 0 && quarantines.size === 0) return;
      const key = `${kind} ${id}`;
      if (stored.has(key) || quarantines.has(key)) quarantines.set(key, { kind, id, findings: null });
    },
    timesMissed: (group, user) => statements.missedMember.get(group, user)?.missing ?? 0,
    missMember: (group, user, times) => void members.push({ group, user, times }),
    forgetMember: (group, user) => void members.push({ group, user, times: null }),
    write(rows, hasReturned) {
      connection
        .transaction(() => {
          for (const { kind, row, body } of rows) {
            const { record, digest, confirmedAt, missing, absent } = row;
            statements.put.run(kind, record.id, body, digest, confirmedAt, missing, absent ? 1 : 0);
          }
          for (const { group_id: group, user_id: user } of statements.allMissing.all())
            if (hasReturned(group, user)) statements.forgetMember.run(group, user);
          writeBeside();
        })
        .immediate();
    },
  };
}

function prepareStatements(connection: Connection) {
  return {
    quarantined: connection.prepare<[], { kind: ResourceKind; id: string; findings: string }>(
      'SELECT kind, id, findings FROM quarantine',
    ),
    put: connection.prepare(
      // A damaged row may be in its place, of which the index knows nothing.
      'INSERT OR REPLACE INTO record (kind, id, body, digest, confirmed_at, missing, absent) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    quarantine: connection.prepare(
      'INSERT INTO quarantine (kind, id, findings, since) VALUES (?, ?, ?, ?) ' +
        'ON CONFLICT (kind, id) DO UPDATE SET findings = excluded.findings',
    ),
    release: connection.prepare('DELETE FROM quarantine WHERE kind = ? AND id = ?'),
    missedMember: connection.prepare<[string, string], { missing: number }>(
      'SELECT missing FROM missing_member WHERE group_id = ? AND user_id = ?',
    ),
    missMember: connection.prepare(
      'INSERT OR REPLACE INTO missing_member (group_id, user_id, missing) VALUES (?, ?, ?)',
    ),
    forgetMember: connection.prepare('DELETE FROM missing_member WHERE group_id = ? AND user_id = ?'),
    allMissing: connection.prepare<[], { group_id: string; user_id: string }>(
      'SELECT group_id, user_id FROM missing_member',
    ),
  };
}
