// Writes what one sync fetched into the state database: additions and changes at once, absences with care.
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
import { type BatchWriter, type FinishedRow, openBatchWriter } from './write-batch.ts';

export interface IngestRules {
  /** Epoch seconds. */
  readonly now: number;
  /** keys.max_age in seconds; null: never. */
  readonly maxAge: number | null;
  /** limits.absences: complete syncs before an unconfirmed absence counts. */
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
  /** Adds one judged resource; call it for every resource of the sync. */
  add(kind: ResourceKind, judged: Judged<UserRecord | GroupRecord>): void;
  /** The last good record, for judging a broken one. */
  previous(kind: ResourceKind, id: string): UserRecord | GroupRecord | null;
  /** What was there and was not listed, of the kinds that were read completely. */
  suspects(complete: Readonly<Record<ResourceKind, boolean>>): Suspect[];
  /** A read of that id alone said that it is gone, or that it lists these members and no others. */
  confirmAbsence(suspect: Suspect): void;
  /** No single read could confirm it: counts towards limits.absences. */
  countAbsence(suspect: Suspect): void;
  /**
   * Writes all of it, or nothing; a batch that is dropped instead leaves no trace.
   * @param mayConfirm whether the local clock agrees with the store's, so that fetching a record may renew its
   *   keys; the store's is known when it has answered.
   */
  commit(mayConfirm: boolean): IngestCounts;
}

/** A row that will replace the one in the index. */
interface Pending<R> {
  readonly record: R;
  /** Fetched whole and not inactive: its keys are confirmed, if the clock is right. */
  readonly confirms: boolean;
  readonly missing: number;
  readonly absent: boolean;
  heardBy: number;
}

type AnyRecord = UserRecord | GroupRecord;
type AnyRow = Pick<Row<AnyRecord>, 'record' | 'missing' | 'absent' | 'heardBy'>;

/** What one batch works on: the index as it was, and what waits for the commit. */
interface BatchState {
  /** Tells the rows that this batch has seen from those of earlier ones. */
  readonly number: number;
  readonly index: RecordIndex;
  readonly rules: IngestRules;
  readonly next: {
    readonly User: Map<string, Pending<UserRecord>>;
    readonly Group: Map<string, Pending<GroupRecord>>;
  };
  readonly writer: BatchWriter;
  /** Kind and id of each quarantined resource. */
  readonly quarantined: Set<string>;
  readonly counts: IngestCounts;
  /** Group id to the members that the store no longer lists. */
  readonly lostMembers: Map<string, string[]>;
}

let batches = 0;

/**
 * Opens the batch of one sync. Everything waits in memory until the commit, which writes it in the order of the ids:
 * SQLite then only appends to its pages, and its lock is not held while the network is slow.
 * @param index as the tables are now; it follows at the commit.
 */
export function openIngestBatch(connection: Connection, index: RecordIndex, rules: IngestRules): IngestBatch {
  batches += 1;
  const batch: BatchState = {
    number: batches,
    index,
    rules,
    next: { User: new Map(), Group: new Map() },
    writer: openBatchWriter(connection, rules.now),
    quarantined: new Set(),
    counts: { added: 0, changed: 0, gone: 0, renewed: 0, quarantined: 0, unreadable: 0 },
    lostMembers: new Map(),
  };
  return {
    previous: (kind, id) => find(batch, kind, id)?.record ?? null,
    add: (kind, judged) => addJudged(batch, kind, judged),
    suspects: (complete) => listSuspects(batch, complete),
    confirmAbsence(suspect) {
      if (suspect.lostMembers.length === 0) miss(batch, suspect, { absent: true });
      else dropMembers(batch, suspect);
    },
    countAbsence: (suspect) => countAbsence(batch, suspect),
    commit: (mayConfirm) => commit(batch, mayConfirm),
  };
}

function find({ next, index }: BatchState, kind: ResourceKind, id: string): AnyRow | undefined {
  return next[kind].get(id) ?? index[kind].get(id);
}

function put({ next }: BatchState, kind: ResourceKind, row: Pending<AnyRecord>): void {
  (next[kind] as Map<string, Pending<AnyRecord>>).set(row.record.id, row);
}

function addJudged(batch: BatchState, kind: ResourceKind, judged: Judged<AnyRecord>): void {
  if (judged.kind === 'unreadable') {
    batch.counts.unreadable += 1;
    return;
  }
  if (judged.kind === 'quarantined') {
    batch.quarantined.add(`${kind} ${judged.id}`);
    batch.writer.quarantine(kind, judged.id, judged.findings);
    if (judged.record !== null) store(batch, kind, judged.record, false);
    return;
  }
  batch.writer.release(kind, judged.record.id);
  store(batch, kind, judged.record, !('active' in judged.record) || judged.record.active);
}

function store(batch: BatchState, kind: ResourceKind, record: AnyRecord, isConfirmed: boolean): void {
  const { number, rules, counts } = batch;
  const pending = batch.next[kind].get(record.id);
  const known = batch.index[kind].get(record.id);
  const before: AnyRow | undefined = pending ?? known;
  if (before === undefined) {
    put(batch, kind, { record, confirms: isConfirmed, missing: 0, absent: false, heardBy: number });
    counts.added += 1;
    return;
  }
  before.heardBy = number;
  const kept =
    kind === 'Group' ? keepLostMembers(batch, record as GroupRecord, before.record as GroupRecord) : record;
  const isSame = isSameRecord(kept, before.record);
  const confirmsAlready = pending?.confirms ?? false;
  const confirmedAt = confirmsAlready ? rules.now : (known?.confirmedAt ?? 0);
  const renews = isConfirmed && isRenewalDue(record.id, confirmedAt, rules.now, rules.maxAge);
  if (isSame && !renews && before.missing === 0 && !before.absent) return;
  put(batch, kind, {
    record: kept,
    confirms: isConfirmed || confirmsAlready,
    missing: 0,
    absent: false,
    heardBy: number,
  });
  if (isSame) counts.renewed += 1;
  else counts.changed += 1;
}

/** Members leave only when that is confirmed; until then the stored record still lists them. */
function keepLostMembers({ lostMembers }: BatchState, record: GroupRecord, before: GroupRecord): GroupRecord {
  const listed = new Set(record.members);
  const lost = before.members.filter((member) => !listed.has(member));
  if (lost.length === 0) {
    lostMembers.delete(record.id);
    return record;
  }
  lostMembers.set(record.id, lost);
  return { ...record, members: [...record.members, ...lost].sort() };
}

function listSuspects(batch: BatchState, complete: Readonly<Record<ResourceKind, boolean>>): Suspect[] {
  const found: Suspect[] = [];
  for (const kind of RESOURCE_KINDS) {
    if (!complete[kind]) continue;
    for (const [id, row] of batch.index[kind]) {
      if (row.heardBy !== batch.number && !row.absent) found.push({ kind, id, lostMembers: [] });
    }
  }
  for (const [id, lost] of batch.lostMembers) found.push({ kind: 'Group', id, lostMembers: lost });
  return found;
}

function countAbsence(batch: BatchState, suspect: Suspect): void {
  const { rules, writer } = batch;
  if (suspect.lostMembers.length === 0) {
    const missing = (find(batch, suspect.kind, suspect.id)?.missing ?? 0) + 1;
    miss(batch, suspect, { missing, absent: missing >= rules.absences });
    return;
  }
  const due: string[] = [];
  for (const member of suspect.lostMembers) {
    const missing = writer.timesMissed(suspect.id, member) + 1;
    if (missing >= rules.absences) due.push(member);
    else writer.missMember(suspect.id, member, missing);
  }
  if (due.length > 0) dropMembers(batch, { ...suspect, lostMembers: due });
}

function miss(batch: BatchState, { kind, id }: Suspect, change: { missing?: number; absent: boolean }): void {
  const row = find(batch, kind, id);
  if (row === undefined) return;
  if (change.absent && !row.absent) batch.counts.gone += 1;
  put(batch, kind, {
    record: row.record,
    confirms: batch.next[kind].get(id)?.confirms ?? false,
    missing: change.missing ?? row.missing,
    absent: change.absent,
    heardBy: row.heardBy,
  });
}

function dropMembers(batch: BatchState, suspect: Suspect): void {
  const row = find(batch, 'Group', suspect.id) as Pending<GroupRecord> | undefined;
  if (row === undefined) return;
  const gone = new Set(suspect.lostMembers);
  const record = { ...row.record, members: row.record.members.filter((member) => !gone.has(member)) };
  put(batch, 'Group', {
    record,
    confirms: batch.next.Group.get(suspect.id)?.confirms ?? false,
    missing: row.missing,
    absent: row.absent,
    heardBy: row.heardBy,
  });
  for (const member of gone) batch.writer.forgetMember(suspect.id, member);
  batch.counts.changed += 1;
}

function commit(batch: BatchState, mayConfirm: boolean): IngestCounts {
  const { counts, index, lostMembers, number, writer } = batch;
  // A record that was fetched under a wrong clock is known, but confirms no key.
  if (!mayConfirm) counts.renewed = 0;
  const written: Omit<FinishedRow, 'body'>[] = [];
  writer.write(finish(batch, mayConfirm, written), (group, user) => {
    // A member that is listed again starts from nothing the next time it is missing.
    const isListed = find(batch, 'Group', group)?.heardBy === number;
    return isListed && lostMembers.get(group)?.includes(user) !== true;
  });
  for (const { kind, row } of written) {
    if (kind === 'User') index.putUser(row as Row<UserRecord>);
    else index.putGroup(row as Row<GroupRecord>);
  }
  return { ...counts, quarantined: batch.quarantined.size };
}

/** The rows as they will be, in the order of the ids; each is also noted in `written`, without its body. */
function* finish(
  { next, index, rules }: BatchState,
  mayConfirm: boolean,
  written: Omit<FinishedRow, 'body'>[],
): Generator<FinishedRow> {
  for (const kind of RESOURCE_KINDS) {
    for (const id of [...next[kind].keys()].sort()) {
      const pending = next[kind].get(id);
      if (pending === undefined) continue;
      const { confirms, ...rest } = pending;
      const confirmedAt = confirms && mayConfirm ? rules.now : (index[kind].get(id)?.confirmedAt ?? 0);
      const body = JSON.stringify(rest.record);
      const row = { ...rest, digest: digestOf(body), confirmedAt };
      written.push({ kind, row });
      yield { kind, row, body };
    }
  }
}

/** Field by field; a list of keys or members element by element. */
function isSameRecord(a: AnyRecord, b: AnyRecord): boolean {
  if (a === b) return true;
  const [left, right] = [a, b] as unknown as Record<string, unknown>[];
  if (left === undefined || right === undefined) return false;
  for (const name in left) {
    const [one, other] = [left[name], right[name]];
    if (one === other) continue;
    if (!Array.isArray(one) || !Array.isArray(other) || !isSameList(one, other)) return false;
  }
  return Object.keys(left).length === Object.keys(right).length;
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
