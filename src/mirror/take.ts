// Takes what one pass over the store brought into the mirror: additions and changes at once, absences with care.
import type { Finding, GroupRecord, Judged, ResourceKind, UserRecord } from '../scim/resources.ts';
import { isRenewalDue } from './confirmation.ts';
import type { Connection } from './database.ts';
import { digestOf, type Image, type Row } from './image.ts';

export interface TakeRules {
  /** Epoch seconds. */
  readonly now: number;
  /** keys.max_age in seconds; null: never. */
  readonly maxAge: number | null;
  /** limits.absences: complete passes before an unconfirmed absence counts. */
  readonly absences: number;
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
  /**
   * @param mayConfirm whether the local clock agrees with the store's, so that hearing a record may renew its keys;
   *   the store's is known when it has answered.
   */
  commit(mayConfirm: boolean): TakeCounts;
  rollback(): void;
}

const KINDS = ['User', 'Group'] as const;

let takes = 0;

/**
 * Opens a transaction that ends with `commit` or `rollback`; one at a time.
 * @param image as the tables are now; it follows at the commit.
 */
export function beginTake(connection: Connection, image: Image, rules: TakeRules): Take {
  takes += 1;
  const number = takes;
  const next = { User: new Map<string, Row<UserRecord>>(), Group: new Map<string, Row<GroupRecord>>() };
  const quarantined = { User: new Map<string, string>(), Group: new Map<string, string>() };
  connection.exec('BEGIN IMMEDIATE');
  const statements = prepareStatements(connection);
  for (const { kind, id, findings } of statements.quarantined.all()) quarantined[kind].set(id, findings);
  const refused = new Set<string>();
  const counts: TakeCounts = { added: 0, changed: 0, renewed: 0, quarantined: 0, unreadable: 0 };
  const lostMembers = new Map<string, string[]>();

  function find(kind: ResourceKind, id: string): Row<UserRecord | GroupRecord> | undefined {
    return next[kind].get(id) ?? image[kind].get(id);
  }

  function put(kind: ResourceKind, row: Row<UserRecord | GroupRecord>): void {
    (next[kind] as Map<string, Row<UserRecord | GroupRecord>>).set(row.record.id, row);
  }

  /** Members leave only when that is confirmed; until then the stored record still lists them. */
  function keepLostMembers(record: GroupRecord, before: GroupRecord): GroupRecord {
    const listed = new Set(record.members);
    const lost = before.members.filter((member) => !listed.has(member));
    if (lost.length === 0) {
      lostMembers.delete(record.id);
      return record;
    }
    lostMembers.set(record.id, lost);
    return { ...record, members: [...record.members, ...lost].sort() };
  }

  function quarantine(kind: ResourceKind, id: string, findings: readonly Finding[]): void {
    const text = JSON.stringify(findings);
    refused.add(`${kind} ${id}`);
    if (quarantined[kind].get(id) === text) return;
    statements.quarantine.run(kind, id, text, rules.now);
    quarantined[kind].set(id, text);
  }

  function store(kind: ResourceKind, record: UserRecord | GroupRecord, isConfirmed: boolean): void {
    const before = find(kind, record.id);
    if (before === undefined) {
      const { body, digest } = render(record);
      const confirmedAt = isConfirmed ? rules.now : 0;
      statements.insert.run(kind, record.id, body, digest, confirmedAt);
      put(kind, { record, digest, confirmedAt, missing: 0, absent: false, heardBy: number });
      counts.added += 1;
      return;
    }
    before.heardBy = number;
    const kept =
      kind === 'Group' ? keepLostMembers(record as GroupRecord, before.record as GroupRecord) : record;
    const isSame = isSameRecord(kept, before.record);
    const renews = isConfirmed && isRenewalDue(record.id, before.confirmedAt, rules.now, rules.maxAge);
    if (isSame && !renews && before.missing === 0 && !before.absent) return;
    const { body, digest } = render(kept);
    const confirmedAt = isConfirmed ? rules.now : before.confirmedAt;
    statements.update.run(body, digest, confirmedAt, kind, record.id);
    put(kind, { record: kept, digest, confirmedAt, missing: 0, absent: false, heardBy: number });
    if (isSame) counts.renewed += 1;
    else counts.changed += 1;
  }

  return {
    previous: (kind, id) => find(kind, id)?.record ?? null,
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
        for (const [id, row] of image[kind]) {
          if (row.heardBy !== number && !row.absent) found.push({ kind, id, lostMembers: [] });
        }
      }
      for (const [id, lost] of lostMembers) found.push({ kind: 'Group', id, lostMembers: lost });
      return found;
    },
    confirmAbsence(suspect) {
      if (suspect.lostMembers.length === 0) miss(suspect, { absent: true });
      else dropMembers(suspect);
    },
    countAbsence(suspect) {
      if (suspect.lostMembers.length === 0) {
        const missing = (find(suspect.kind, suspect.id)?.missing ?? 0) + 1;
        miss(suspect, { missing, absent: missing >= rules.absences });
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
    commit(mayConfirm) {
      forgetReturnedMembers();
      if (!mayConfirm) takeBackConfirmations();
      connection.exec('COMMIT');
      for (const row of next.User.values()) image.putUser(row);
      for (const row of next.Group.values()) image.putGroup(row);
      return { ...counts, quarantined: refused.size };
    },
    rollback() {
      // A full disk may have done it already (sqlite.org/lang_transaction.html).
      if (connection.inTransaction) connection.exec('ROLLBACK');
    },
  };

  /** What was met under a clock that is off is known, but nothing of it is vouched for. */
  function takeBackConfirmations(): void {
    for (const kind of KINDS) {
      for (const [id, row] of next[kind]) {
        const confirmedAt = image[kind].get(id)?.confirmedAt ?? 0;
        if (row.confirmedAt === confirmedAt) continue;
        statements.confirm.run(confirmedAt, kind, id);
        put(kind, { ...row, confirmedAt });
        counts.renewed = 0;
      }
    }
  }

  function miss({ kind, id }: Suspect, change: { missing?: number; absent: boolean }): void {
    const row = find(kind, id);
    if (row === undefined) return;
    const { record, digest, confirmedAt, heardBy } = row;
    const missing = change.missing ?? row.missing;
    statements.miss.run(missing, change.absent ? 1 : 0, kind, id);
    put(kind, { record, digest, confirmedAt, missing, absent: change.absent, heardBy });
  }

  function dropMembers(suspect: Suspect): void {
    const row = find('Group', suspect.id) as Row<GroupRecord> | undefined;
    if (row === undefined) return;
    const gone = new Set(suspect.lostMembers);
    const record = { ...row.record, members: row.record.members.filter((member) => !gone.has(member)) };
    const { body, digest } = render(record);
    statements.rewrite.run(body, digest, 'Group', suspect.id);
    put('Group', { ...row, record, digest });
    for (const member of gone) statements.forgetMember.run(suspect.id, member);
    counts.changed += 1;
  }

  /** A member that is listed again starts from nothing the next time it is missing. */
  function forgetReturnedMembers(): void {
    for (const row of statements.allMissing.all()) {
      const isHeard = find('Group', row.group_id)?.heardBy === number;
      if (isHeard && lostMembers.get(row.group_id)?.includes(row.user_id) !== true) {
        statements.forgetMember.run(row.group_id, row.user_id);
      }
    }
  }
}

function render(record: UserRecord | GroupRecord): { body: string; digest: string } {
  const body = JSON.stringify(record);
  return { body, digest: digestOf(body) };
}

/** Field by field; a list of keys or members element by element. */
function isSameRecord(a: UserRecord | GroupRecord, b: UserRecord | GroupRecord): boolean {
  const [ours, theirs] = [a, b] as unknown as Record<string, unknown>[];
  if (ours === undefined || theirs === undefined) return false;
  for (const name in ours) {
    const [one, other] = [ours[name], theirs[name]];
    if (one !== other && !isSameList(one, other)) return false;
  }
  return Object.keys(ours).length === Object.keys(theirs).length;
}

function isSameList(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
  return a.every((item, index) => item === b[index]);
}

function prepareStatements(connection: Connection) {
  return {
    quarantined: connection.prepare<[], { kind: ResourceKind; id: string; findings: string }>(
      'SELECT kind, id, findings FROM quarantine',
    ),
    insert: connection.prepare(
      // A damaged row may be in its place, of which the image knows nothing.
      'INSERT OR REPLACE INTO record (kind, id, body, digest, confirmed_at) VALUES (?, ?, ?, ?, ?)',
    ),
    update: connection.prepare(
      'UPDATE record SET body = ?, digest = ?, confirmed_at = ?, missing = 0, absent = 0 WHERE kind = ? AND id = ?',
    ),
    confirm: connection.prepare('UPDATE record SET confirmed_at = ? WHERE kind = ? AND id = ?'),
    rewrite: connection.prepare('UPDATE record SET body = ?, digest = ? WHERE kind = ? AND id = ?'),
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
