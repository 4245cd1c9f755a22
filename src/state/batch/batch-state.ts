// What one batch works on: the index as it was, and the rows that wait for the commit.
import type { GroupRecord, ResourceKind, UserRecord } from '../../protocol/records.ts';
import type { RecordIndex, Row } from '../record-index.ts';
import type { BatchWriter } from './batch-writer.ts';
import type { IngestCounts, IngestRules } from './ingest-model.ts';

/** A row that will replace the one in the index. */
export interface Pending<R> {
  readonly record: R;
  /** Fetched whole and not inactive: its keys are confirmed, if the clock is right. */
  readonly confirms: boolean;
  readonly missing: number;
  readonly absent: boolean;
  listedBy: number;
}

export type AnyRecord = UserRecord | GroupRecord;
export type AnyRow = Pick<Row<AnyRecord>, 'record' | 'missing' | 'absent' | 'listedBy'>;

export interface BatchState {
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

/** @param index as the tables are now; it follows at the commit. */
export function createBatchState(index: RecordIndex, rules: IngestRules, writer: BatchWriter): BatchState {
  batches += 1;
  return {
    number: batches,
    index,
    rules,
    next: { User: new Map(), Group: new Map() },
    writer,
    quarantined: new Set(),
    counts: { added: 0, changed: 0, gone: 0, renewed: 0, quarantined: 0, unreadable: 0 },
    lostMembers: new Map(),
  };
}

/** The row as this batch leaves it so far. */
export function find({ next, index }: BatchState, kind: ResourceKind, id: string): AnyRow | undefined {
  return next[kind].get(id) ?? index[kind].get(id);
}

export function put({ next }: BatchState, kind: ResourceKind, row: Pending<AnyRecord>): void {
  (next[kind] as Map<string, Pending<AnyRecord>>).set(row.record.id, row);
}
