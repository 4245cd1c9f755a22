// Writes what one sync fetched into the state database: additions and changes at once, absences with care.
import type { Connection } from '../database.ts';
import { type GroupRecord, RESOURCE_KINDS, type UserRecord } from '../../protocol/records.ts';
import { digestOf, type RecordIndex, type Row } from '../record-index.ts';
import { confirmAbsence, countAbsence, listSuspects } from './absences.ts';
import { addJudged } from './add-record.ts';
import { type BatchState, createBatchState, find } from './batch-state.ts';
import { type FinishedRow, openBatchWriter } from './batch-writer.ts';
import type { IngestBatch, IngestCounts, IngestRules } from './ingest-model.ts';

/**
 * Opens the batch of one sync. Everything waits in memory until the commit, which writes it in the order of the ids:
 * SQLite then only appends to its pages, and its lock is not held while the network is slow.
 * @param index as the tables are now; it follows at the commit.
 */
export function openIngestBatch(connection: Connection, index: RecordIndex, rules: IngestRules): IngestBatch {
  const batch = createBatchState(index, rules, openBatchWriter(connection, rules.now));
  return {
    previous: (kind, id) => find(batch, kind, id)?.record ?? null,
    add: (kind, judged, names = []) => addJudged(batch, kind, judged, names),
    suspects: (complete) => listSuspects(batch, complete),
    confirmAbsence: (suspect) => confirmAbsence(batch, suspect),
    countAbsence: (suspect) => countAbsence(batch, suspect),
    commit: (mayConfirm) => commit(batch, mayConfirm),
  };
}

/** Its rows get their digest and confirmation, are written at once, and the index follows. */
function commit(batch: BatchState, mayConfirm: boolean): IngestCounts {
  const { counts, index, lostMembers, number, writer } = batch;
  // A record that was fetched under a wrong clock is known, but confirms no key.
  if (!mayConfirm) counts.renewed = 0;
  const written: Omit<FinishedRow, 'body'>[] = [];
  writer.write(finish(batch, mayConfirm, written), (group, user) => {
    // A member that is listed again starts from nothing the next time it is missing.
    const isListed = find(batch, 'Group', group)?.listedBy === number;
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
