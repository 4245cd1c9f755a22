// Writes what one sync fetched into the state database: additions and changes at once, absences with care.
import type { Connection } from '../database.ts';
import type { RecordIndex } from '../record-index.ts';
import { confirmAbsence, countAbsence, listSuspects } from './absences.ts';
import { addJudged } from './add-record.ts';
import { createBatchState, find } from './batch-state.ts';
import { openBatchWriter } from './batch-writer.ts';
import { commit } from './commit.ts';
import type { IngestBatch, IngestRules } from './ingest-model.ts';

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
