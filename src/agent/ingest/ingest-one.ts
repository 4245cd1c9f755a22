// Judges one resource and takes it, with the last good value for what is broken and for an `active` that is missing.
import type { IngestBatch } from '../../state/batch/ingest-model.ts';
import type { ResourceJudge } from './judge-resource.ts';
import { readId } from './resource-fields.ts';
import type { GroupRecord, Judged, ResourceKind, UserRecord } from '../../protocol/records.ts';

export interface Ingested {
  /** With last good values in the place of broken fields. */
  readonly judged: Judged<UserRecord | GroupRecord>;
  /** See `IngestBatch.add`. */
  readonly isChanged: boolean;
}

export function ingestOne(
  batch: IngestBatch,
  judge: ResourceJudge,
  kind: ResourceKind,
  raw: unknown,
): Ingested {
  const id = readId(raw);
  const previous = typeof id === 'string' ? batch.previous(kind, id) : null;
  const judged =
    kind === 'User'
      ? judge.readUser(raw, previous as UserRecord | null)
      : judge.readGroup(raw, previous as GroupRecord | null);
  const names = judged.kind === 'quarantined' ? judge.readNames(kind, raw) : [];
  return { judged, isChanged: batch.add(kind, judged, names) };
}
