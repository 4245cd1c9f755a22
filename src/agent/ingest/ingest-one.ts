// Judges one resource and takes it; only a broken one needs its last good value.
import type { IngestBatch } from '../../state/batch/ingest-model.ts';
import type { ResourceJudge } from './judge-resource.ts';
import type { GroupRecord, Judged, ResourceKind, UserRecord } from '../../protocol/records.ts';

/** @returns what it came to, with last good values in the place of broken fields. */
export function ingestOne(
  batch: IngestBatch,
  judge: ResourceJudge,
  kind: ResourceKind,
  raw: unknown,
): Judged<UserRecord | GroupRecord> {
  const read = (previous: UserRecord | GroupRecord | null): Judged<UserRecord | GroupRecord> =>
    kind === 'User'
      ? judge.readUser(raw, previous as UserRecord | null)
      : judge.readGroup(raw, previous as GroupRecord | null);
  let judged = read(null);
  if (judged.kind === 'quarantined') judged = read(batch.previous(kind, judged.id));
  batch.add(kind, judged);
  return judged;
}
