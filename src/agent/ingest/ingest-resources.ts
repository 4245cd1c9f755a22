// Ingests resources, from the lines of pages or read alone: each is judged by itself, with the last good value for what is
// broken and for an `active` that is missing.
import { AgentError } from '../../common/errors.ts';
import type { PageLine } from '../../protocol/page-lines.ts';
import type { IngestBatch } from '../../state/batch/ingest-model.ts';
import type { DeltaCheck } from './delta-check.ts';
import type { ResourceJudge } from './judge-resource.ts';
import type { OddTally } from './odd-tally.ts';
import type { PathTally } from './path-tally.ts';
import { readId } from './resource-fields.ts';
import type { GroupRecord, Judged, ResourceKind, UserRecord } from '../../protocol/records.ts';

/** What looks on while a page is ingested. */
export interface PageTallies {
  readonly paths: PathTally;
  readonly odd: OddTally;
  readonly deltas: DeltaCheck;
}

/**
 * @returns how many resources the line has.
 * @throws AgentError reader_failed, where it is no list.
 */
export function ingestPageLine(
  { kind, resources: text }: PageLine,
  batch: IngestBatch,
  judge: ResourceJudge,
  { paths, odd, deltas }: PageTallies,
): number {
  const resources = parseResources(text);
  for (const raw of resources) {
    paths.see(kind, raw);
    const { judged, isChanged } = ingestOne(batch, judge, kind, raw);
    odd.see(judged);
    if (judged.kind === 'good') deltas.see(kind, judged.record.id, raw, isChanged);
  }
  return resources.length;
}

function parseResources(text: Buffer): readonly unknown[] {
  try {
    const resources: unknown = JSON.parse(text.toString('utf8'));
    if (Array.isArray(resources)) return resources;
  } catch {
    // Said below.
  }
  throw new AgentError('reader_failed', 'the reader said something that is not an answer');
}

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
