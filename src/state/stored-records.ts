// The users and groups that were fetched, and what of them is in quarantine.
import type { StoredGroup, StoredUser } from '../policy/model.ts';
import { openIngestBatch } from './batch/ingest-batch.ts';
import type { IngestBatch, IngestRules } from './batch/ingest-model.ts';
import type { Connection } from './database.ts';
import { type QuarantineRow, readQuarantine } from './batch/quarantine.ts';
import { readOnce } from './foreign-writes.ts';
import { loadRecordIndex } from './record-index.ts';

export type { QuarantineRow } from './batch/quarantine.ts';

export interface StoredRecords {
  openBatch(rules: IngestRules): IngestBatch;
  users(): StoredUser[];
  groups(): StoredGroup[];
  quarantine(): QuarantineRow[];
  /** How many users and groups are there (not absent), and how many resources are in quarantine. */
  counts(): { users: number; groups: number; quarantined: number };
  /** A hash over all records, equal on every node that has fetched the same. */
  snapshotHash(): string;
  /** Stores what was read of keys since the last time, so that no process has to read them again. */
  saveReadings(): void;
}

export function openStoredRecords(connection: Connection): StoredRecords {
  const index = readOnce(connection, loadRecordIndex);
  return {
    openBatch: (rules) => openIngestBatch(connection, index.get(), rules),
    users: () => [...index.get().User.values()],
    groups: () => [...index.get().Group.values()],
    quarantine: () => readQuarantine(connection),
    counts() {
      const { User, Group } = index.get();
      const quarantined = connection.prepare<[], { n: number }>('SELECT count(*) AS n FROM quarantine').get();
      return {
        users: countPresent(User),
        groups: countPresent(Group),
        quarantined: quarantined?.n ?? 0,
      };
    },
    snapshotHash: () => index.get().hash(),
    saveReadings: () => index.get().saveReadings(),
  };
}

function countPresent(rows: ReadonlyMap<string, { readonly absent: boolean }>): number {
  let count = 0;
  for (const { absent } of rows.values()) if (!absent) count += 1;
  return count;
}
