// Takes what one pass over the store brought into the mirror: additions and changes at once, absences with care.
import {
  type GroupRecord,
  type Judged,
  RESOURCE_KINDS,
  type ResourceKind,
  type UserRecord,
} from '../protocol/records.ts';
import { isRenewalDue } from './confirmation.ts';
import type { Connection } from './database.ts';
import { digestOf, type RecordIndex, type Row } from './record-index.ts';
import { type FinishedRow, openBatchWriter } from './write-batch.ts';

export interface IngestRules {
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

export interface IngestCounts {
  added: number;
  changed: number;
  /** Resources that count as absent from now on. */
  gone: number;
  renewed: number;
  quarantined: number;
  unreadable: number;
}

export interface IngestBatch {
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
   * Writes all of it, or nothing; a take that is dropped instead leaves no trace.
   * @param mayConfirm whether the local clock agrees with the store's, so that hearing a record may renew its keys;
   *   the store's is known when it has answered.
   */
  commit(mayConfirm: boolean): IngestCounts;
}

/** A row that will take the place of the image's. */
interface Pending<R> {
  readonly record: R;
  /** Heard whole and not inactive: its keys are confirmed, if the clock is right. */
  readonly confirms: boolean;
  readonly missing: number;
  readonly absent: boolean;
  heardBy: number;
}

type AnyRecord = UserRecord | GroupRecord;
type AnyRow = Pick<Row<AnyRecord>, 'record' | 'missing' | 'absent' | 'heardBy'>;

let takes = 0;

/**
 * Begins one pass. Everything waits in memory until the commit, which writes it in the order of the ids: SQLite then
 * only appends to its pages, and nobody waits for its lock while the network is slow.
 * @param image as the tables are now; it follows at the commit.
 */
export function openIngestBatch(connection: Connection, image: RecordIndex, rules: IngestRules): IngestBatch {
  takes += 1;
  const number = takes;
  const next = {
    User: new Map<string, Pending<UserRecord>>(),
    Group: new Map<string, Pending<GroupRecord>>(),
  };
  const writer = openBatchWriter(connection, rules.now);
  const refused = new Set<string>();
  const counts: IngestCounts = { added: 0, changed: 0, gone: 0, renewed: 0, quarantined: 0, unreadable: 0 };
  const lostMembers = new Map<string, string[]>();

  function find(kind: ResourceKind, id: string): AnyRow | undefined {
    return next[kind].get(id) ?? image[kind].get(id);
  }

  function put(kind: ResourceKind, row: Pending<AnyRecord>): void {
    (next[kind] as Map<string, Pending<AnyRecord>>).set(row.record.id, row);
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

  function store(kind: ResourceKind, record: AnyRecord, isConfirmed: boolean): void {
    const pending = next[kind].get(record.id);
    const known = image[kind].get(record.id);
    const before: AnyRow | undefined = pending ?? known;
    if (before === undefined) {
      put(kind, { record, confirms: isConfirmed, missing: 0, absent: false, heardBy: number });
      counts.added += 1;
      return;
    }
    before.heardBy = number;
    const kept =
      kind === 'Group' ? keepLostMembers(record as GroupRecord, before.record as GroupRecord) : record;
    const isSame = isSameRecord(kept, before.record);
    const confirmsAlready = pending?.confirms ?? false;
    const confirmedAt = confirmsAlready ? rules.now : (known?.confirmedAt ?? 0);
    const renews = isConfirmed && isRenewalDue(record.id, confirmedAt, rules.now, rules.maxAge);
    if (isSame && !renews && before.missing === 0 && !before.absent) return;
    put(kind, {
      record: kept,
      confirms: isConfirmed || confirmsAlready,
      missing: 0,
      absent: false,
      heardBy: number,
    });
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
        refused.add(`${kind} ${judged.id}`);
        writer.quarantine(kind, judged.id, judged.findings);
        if (judged.record !== null) store(kind, judged.record, false);
        return;
      }
      writer.release(kind, judged.record.id);
      store(kind, judged.record, !('active' in judged.record) || judged.record.active);
    },
    suspects(complete) {
      const found: Suspect[] = [];
      for (const kind of RESOURCE_KINDS) {
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
        const missing = writer.timesMissed(suspect.id, member) + 1;
        if (missing >= rules.absences) due.push(member);
        else writer.missMember(suspect.id, member, missing);
      }
      if (due.length > 0) dropMembers({ ...suspect, lostMembers: due });
    },
    commit(mayConfirm) {
      // What was met under a clock that is off is known, but nothing of it is vouched for.
      if (!mayConfirm) counts.renewed = 0;
      const written: Omit<FinishedRow, 'body'>[] = [];
      writer.write(finish(mayConfirm, written), (group, user) => {
        // A member that is listed again starts from nothing the next time it is missing.
        const isHeard = find('Group', group)?.heardBy === number;
        return isHeard && lostMembers.get(group)?.includes(user) !== true;
      });
      for (const { kind, row } of written) {
        if (kind === 'User') image.putUser(row as Row<UserRecord>);
        else image.putGroup(row as Row<GroupRecord>);
      }
      return { ...counts, quarantined: refused.size };
    },
  };

  /** The rows as they will be, in the order of the ids; each is also noted in `written`, without its body. */
  function* finish(mayConfirm: boolean, written: Omit<FinishedRow, 'body'>[]): Generator<FinishedRow> {
    for (const kind of RESOURCE_KINDS) {
      for (const id of [...next[kind].keys()].sort()) {
        const pending = next[kind].get(id);
        if (pending === undefined) continue;
        const { confirms, ...rest } = pending;
        const confirmedAt = confirms && mayConfirm ? rules.now : (image[kind].get(id)?.confirmedAt ?? 0);
        const body = JSON.stringify(rest.record);
        const row = { ...rest, digest: digestOf(body), confirmedAt };
        written.push({ kind, row });
        yield { kind, row, body };
      }
    }
  }

  function miss({ kind, id }: Suspect, change: { missing?: number; absent: boolean }): void {
    const row = find(kind, id);
    if (row === undefined) return;
    if (change.absent && !row.absent) counts.gone += 1;
    put(kind, {
      record: row.record,
      confirms: next[kind].get(id)?.confirms ?? false,
      missing: change.missing ?? row.missing,
      absent: change.absent,
      heardBy: row.heardBy,
    });
  }

  function dropMembers(suspect: Suspect): void {
    const row = find('Group', suspect.id) as Pending<GroupRecord> | undefined;
    if (row === undefined) return;
    const gone = new Set(suspect.lostMembers);
    const record = { ...row.record, members: row.record.members.filter((member) => !gone.has(member)) };
    put('Group', {
      record,
      confirms: next.Group.get(suspect.id)?.confirms ?? false,
      missing: row.missing,
      absent: row.absent,
      heardBy: row.heardBy,
    });
    for (const member of gone) writer.forgetMember(suspect.id, member);
    counts.changed += 1;
  }
}

/** Field by field; a list of keys or members element by element. */
function isSameRecord(a: AnyRecord, b: AnyRecord): boolean {
  if (a === b) return true;
  const [ours, theirs] = [a, b] as unknown as Record<string, unknown>[];
  if (ours === undefined || theirs === undefined) return false;
  for (const name in ours) {
    const [one, other] = [ours[name], theirs[name]];
    if (one === other) continue;
    if (!Array.isArray(one) || !Array.isArray(other) || !isSameList(one, other)) return false;
  }
  return Object.keys(ours).length === Object.keys(theirs).length;
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
