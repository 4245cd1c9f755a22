// Takes what one pass over the store brought into the mirror: additions and changes at once, absences with care.
import { hash } from 'node:crypto';
import type { Finding, GroupRecord, Judged, ResourceKind, UserRecord } from '../scim/resources.ts';
import type { Connection } from './database.ts';
import { isRenewalDue } from './confirmation.ts';

export interface TakeRules {
  /** Epoch seconds. */
  readonly now: number;
  /** keys.max_age in seconds; null: never. */
  readonly maxAge: number | null;
  /** limits.absences: complete passes before an unconfirmed absence counts. */
  readonly absences: number;
  /** Whether the local clock agrees with the store's, so that hearing a record may renew its keys. */
  readonly mayConfirm: boolean;
}

/** A resource, or members of a group, that were there before and are not listed now. */
export interface Suspect {
  readonly kind: ResourceKind;
  readonly id: string;
  /** Of a group that is still listed: the members it lost. Empty: the resource itself is missing. */
  readonly lostMembers: readonly string[];
}

export interface TakeCounts {
  added: number;
  changed: number;
  renewed: number;
  quarantined: number;
  unreadable: number;
}

export interface Take {
  /** Takes one judged resource; call it for every resource of the pass. */
  add(kind: ResourceKind, judged: Judged<UserRecord | GroupRecord>): void;
  /** The last good record, for judging a broken one. */
  previous(kind: ResourceKind, id: string): UserRecord | GroupRecord | null;
  /** What was there and was not listed, of the kinds that were read completely. */
  suspects(complete: Readonly<Record<ResourceKind, boolean>>): Suspect[];
  /** A read of that id alone said that it is gone, or that it lists these members and no others. */
  confirmAbsence(suspect: Suspect): void;
  /** Nobody could confirm it: counts towards limits.absences. */
  countAbsence(suspect: Suspect): void;
  commit(): TakeCounts;
  rollback(): void;
}

interface Known {
  readonly digest: string;
  readonly confirmedAt: number;
  readonly missing: number;
  readonly absent: number;
  heard: boolean;
}

const KINDS = ['User', 'Group'] as const;

/** Opens a transaction that ends with `commit` or `rollback`; one at a time. */
export function beginTake(connection: Connection, rules: TakeRules): Take {
  const known = { User: new Map<string, Known>(), Group: new Map<string, Known>() };
  const quarantined = { User: new Map<string, string>(), Group: new Map<string, string>() };
  connection.exec('BEGIN IMMEDIATE');
  for (const kind of KINDS) {
    const rows = connection
      .prepare<
        [string],
        { id: string; digest: string; confirmed_at: number; missing: number; absent: number }
      >('SELECT id, digest, confirmed_at, missing, absent FROM record WHERE kind = ?')
      .iterate(kind);
    for (const { id, digest, confirmed_at: confirmedAt, missing, absent } of rows) {
      known[kind].set(id, { digest, confirmedAt, missing, absent, heard: false });
    }
    const refused = connection
      .prepare<[string], { id: string; findings: string }>(
        'SELECT id, findings FROM quarantine WHERE kind = ?',
      )
      .iterate(kind);
    for (const { id, findings } of refused) quarantined[kind].set(id, findings);
  }
  const statements = prepareStatements(connection);
  const counts: TakeCounts = { added: 0, changed: 0, renewed: 0, quarantined: 0, unreadable: 0 };
  const lostMembers = new Map<string, string[]>();

  function previous(kind: ResourceKind, id: string): UserRecord | GroupRecord | null {
    const row = statements.body.get(kind, id);
    return row === undefined ? null : (JSON.parse(row.body) as UserRecord | GroupRecord);
  }

  /** Members leave only when that is confirmed; until then the stored record still lists them. */
  function keepLostMembers(record: GroupRecord): GroupRecord {
    const before = previous('Group', record.id) as GroupRecord | null;
    const listed = new Set(record.members);
    const lost = (before?.members ?? []).filter((member) => !listed.has(member));
    if (lost.length === 0) {
      lostMembers.delete(record.id);
      return record;
    }
    lostMembers.set(record.id, lost);
    return { ...record, members: [...record.members, ...lost].sort() };
  }

  function quarantine(kind: ResourceKind, id: string, findings: readonly Finding[]): void {
    const text = JSON.stringify(findings);
    counts.quarantined += 1;
    if (quarantined[kind].get(id) === text) return;
    statements.quarantine.run(kind, id, text, rules.now);
    quarantined[kind].set(id, text);
  }

  function store(kind: ResourceKind, record: UserRecord | GroupRecord, isConfirmed: boolean): void {
    const before = known[kind].get(record.id);
    const kept = kind === 'Group' && before !== undefined ? keepLostMembers(record as GroupRecord) : record;
    const body = JSON.stringify(kept);
    const digest = hash('sha256', body, 'base64url');
    const confirms = isConfirmed && rules.mayConfirm;
    if (before === undefined) {
      // A record first met while the clock is off is known, but its keys are not vouched for.
      const confirmedAt = confirms ? rules.now : 0;
      statements.insert.run(kind, record.id, body, digest, confirmedAt);
      known[kind].set(record.id, { digest, confirmedAt, missing: 0, absent: 0, heard: true });
      counts.added += 1;
      return;
    }
    before.heard = true;
    const renews = confirms && isRenewalDue(record.id, before.confirmedAt, rules.now, rules.maxAge);
    const isRewritten = before.digest !== digest || before.missing > 0 || before.absent > 0;
    if (!renews && !isRewritten) return;
    const confirmedAt = confirms ? rules.now : before.confirmedAt;
    statements.update.run(body, digest, confirmedAt, kind, record.id);
    known[kind].set(record.id, { digest, confirmedAt, missing: 0, absent: 0, heard: true });
    if (before.digest !== digest) counts.changed += 1;
    else counts.renewed += 1;
  }

  return {
    previous,
    add(kind, judged) {
      if (judged.kind === 'unreadable') {
        counts.unreadable += 1;
        return;
      }
      if (judged.kind === 'quarantined') {
        quarantine(kind, judged.id, judged.findings);
        if (judged.record !== null) store(kind, judged.record, false);
        return;
      }
      if (quarantined[kind].delete(judged.record.id)) statements.release.run(kind, judged.record.id);
      store(kind, judged.record, !('active' in judged.record) || judged.record.active);
    },
    suspects(complete) {
      const found: Suspect[] = [];
      for (const kind of KINDS) {
        if (!complete[kind]) continue;
        for (const [id, row] of known[kind]) {
          if (!row.heard && row.absent === 0) found.push({ kind, id, lostMembers: [] });
        }
      }
      for (const [id, lost] of lostMembers) found.push({ kind: 'Group', id, lostMembers: lost });
      return found;
    },
    confirmAbsence(suspect) {
      if (suspect.lostMembers.length === 0) statements.establish.run(suspect.kind, suspect.id);
      else dropMembers(suspect);
    },
    countAbsence(suspect) {
      if (suspect.lostMembers.length === 0) {
        const missing = (known[suspect.kind].get(suspect.id)?.missing ?? 0) + 1;
        statements.miss.run(missing, missing >= rules.absences ? 1 : 0, suspect.kind, suspect.id);
        return;
      }
      const due: string[] = [];
      for (const member of suspect.lostMembers) {
        const missing = (statements.missedMember.get(suspect.id, member)?.missing ?? 0) + 1;
        if (missing >= rules.absences) due.push(member);
        else statements.missMember.run(suspect.id, member, missing);
      }
      if (due.length > 0) dropMembers({ ...suspect, lostMembers: due });
    },
    commit() {
      forgetReturnedMembers();
      connection.exec('COMMIT');
      return counts;
    },
    rollback() {
      connection.exec('ROLLBACK');
    },
  };

  function dropMembers(suspect: Suspect): void {
    const record = previous('Group', suspect.id) as GroupRecord | null;
    if (record === null) return;
    const gone = new Set(suspect.lostMembers);
    const body = JSON.stringify({ ...record, members: record.members.filter((member) => !gone.has(member)) });
    statements.rewrite.run(body, hash('sha256', body, 'base64url'), 'Group', suspect.id);
    for (const member of gone) statements.forgetMember.run(suspect.id, member);
    counts.changed += 1;
  }

  /** A member that is listed again starts from nothing the next time it is missing. */
  function forgetReturnedMembers(): void {
    for (const row of statements.allMissing.all()) {
      const isHeard = known.Group.get(row.group_id)?.heard === true;
      if (isHeard && lostMembers.get(row.group_id)?.includes(row.user_id) !== true) {
        statements.forgetMember.run(row.group_id, row.user_id);
      }
    }
  }
}

function prepareStatements(connection: Connection) {
  return {
    body: connection.prepare<[string, string], { body: string }>(
      'SELECT body FROM record WHERE kind = ? AND id = ?',
    ),
    insert: connection.prepare(
      'INSERT INTO record (kind, id, body, digest, confirmed_at) VALUES (?, ?, ?, ?, ?)',
    ),
    update: connection.prepare(
      'UPDATE record SET body = ?, digest = ?, confirmed_at = ?, missing = 0, absent = 0 WHERE kind = ? AND id = ?',
    ),
    rewrite: connection.prepare('UPDATE record SET body = ?, digest = ? WHERE kind = ? AND id = ?'),
    establish: connection.prepare('UPDATE record SET absent = 1 WHERE kind = ? AND id = ?'),
    miss: connection.prepare('UPDATE record SET missing = ?, absent = ? WHERE kind = ? AND id = ?'),
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
