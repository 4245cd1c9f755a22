// Who was listed before and is not now: an absence counts when it is confirmed, or after enough complete syncs.
import { type GroupRecord, RESOURCE_KINDS, type ResourceKind } from '../../protocol/records.ts';
import { type BatchState, find, type Pending, put } from './batch-state.ts';
import type { Suspect } from './ingest-model.ts';

/** What was there and was not listed, of the kinds that were read completely. */
export function listSuspects(
  batch: BatchState,
  complete: Readonly<Record<ResourceKind, boolean>>,
): Suspect[] {
  const found: Suspect[] = [];
  for (const kind of RESOURCE_KINDS) {
    if (!complete[kind]) continue;
    for (const [id, row] of batch.index[kind]) {
      if (row.listedBy !== batch.number && !row.absent) found.push({ kind, id, lostMembers: [] });
    }
  }
  for (const [id, lost] of batch.lostMembers) found.push({ kind: 'Group', id, lostMembers: lost });
  return found;
}

/** A read of that id alone said so: it counts at once. */
export function confirmAbsence(batch: BatchState, suspect: Suspect): void {
  if (suspect.lostMembers.length === 0) miss(batch, suspect, { absent: true });
  else dropMembers(batch, suspect);
}

/** One more complete sync without it; it counts from `limits.absences` on. */
export function countAbsence(batch: BatchState, suspect: Suspect): void {
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
    listedBy: row.listedBy,
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
    listedBy: row.listedBy,
  });
  for (const member of gone) batch.writer.forgetMember(suspect.id, member);
  batch.counts.changed += 1;
}
