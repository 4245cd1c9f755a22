// Adds one judged resource: it becomes a row that waits for the commit, or confirms the one that is there.
import type { GroupRecord, Judged, ResourceKind } from '../../protocol/records.ts';
import { isRenewalDue } from '../confirmation.ts';
import { type AnyRecord, type AnyRow, type BatchState, put } from './batch-state.ts';
import { isSameRecord } from './same-record.ts';

/**
 * What is broken in it goes to the quarantine; what of it is sound is stored all the same.
 * @returns see `IngestBatch.add`.
 */
export function addJudged(
  batch: BatchState,
  kind: ResourceKind,
  judged: Judged<AnyRecord>,
  names: readonly string[],
): boolean {
  if (judged.kind === 'unreadable') {
    batch.counts.unreadable += 1;
    return false;
  }
  if (judged.kind === 'quarantined') {
    batch.quarantined.add(`${kind} ${judged.id}`);
    batch.writer.quarantine(kind, judged.id, judged.findings, names);
    return judged.record !== null && store(batch, kind, judged.record, false);
  }
  batch.writer.release(kind, judged.record.id);
  return store(batch, kind, judged.record, !('active' in judged.record) || judged.record.active);
}

function store(batch: BatchState, kind: ResourceKind, record: AnyRecord, isConfirmed: boolean): boolean {
  const { number, rules, counts } = batch;
  const pending = batch.next[kind].get(record.id);
  const known = batch.index[kind].get(record.id);
  const before: AnyRow | undefined = pending ?? known;
  if (before === undefined) {
    put(batch, kind, { record, confirms: isConfirmed, missing: 0, absent: false, listedBy: number });
    counts.added += 1;
    return true;
  }
  before.listedBy = number;
  const kept =
    kind === 'Group' ? keepLostMembers(batch, record as GroupRecord, before.record as GroupRecord) : record;
  const isSame = isSameRecord(kept, before.record);
  const confirmsAlready = pending?.confirms ?? false;
  const confirmedAt = confirmsAlready ? rules.now : (known?.confirmedAt ?? 0);
  const renews = isConfirmed && isRenewalDue(record.id, confirmedAt, rules.now, rules.maxAge);
  if (isSame && !renews && before.missing === 0 && !before.absent) return false;
  put(batch, kind, {
    record: kept,
    confirms: isConfirmed || confirmsAlready,
    missing: 0,
    absent: false,
    listedBy: number,
  });
  if (isSame) counts.renewed += 1;
  else counts.changed += 1;
  return !isSame || before.absent;
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
