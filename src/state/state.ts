// The state database: last good records, the ledger, the syncs, the history and what the guard holds.
import { copyToMemory, openDatabase, openDatabaseToRead, type OpenedDatabase } from './database.ts';
import { type FirstOwners, openFirstOwners } from './first-owners.ts';
import { type ForgottenPerson, forgetPerson } from './retention/forget.ts';
import { foreignVersion } from './foreign-writes.ts';
import { type GuardMemory, openGuardMemory } from './guard-memory.ts';
import { type Inherited, openInherited } from './inherited.ts';
import { type Ledger, openLedger } from './ledger.ts';
import { openSlurmLedger, type SlurmLedger } from './slurm-ledger.ts';
import { openStoredRecords, type StoredRecords } from './stored-records.ts';
import { openSyncLog, type SyncLog } from './syncs/sync-log.ts';

export type { QuarantineRow } from './stored-records.ts';

export interface StateDatabase
  extends StoredRecords, Ledger, Inherited, FirstOwners, SlurmLedger, SyncLog, GuardMemory {
  /** Where a damaged file was moved to when this one was opened, or null. */
  readonly setAside: string | null;
  /** Whether the file that it opened still lies in its place; if not, what it writes is lost with the process. */
  isInPlace(): boolean;
  /** Erases a person who left; the ledger keeps name and uid. Open it anew to see that. */
  forgetPerson(person: ForgottenPerson): void;
  /** A copy with the same content that lives in memory, for while the file cannot be written; the caller closes it. */
  copyToMemory(): StateDatabase;
  /** Another number after another process has written. */
  foreignVersion(): number;
  close(): void;
}

/** What can be asked without the right to change anything. */
export type StateView = Omit<
  StateDatabase,
  | 'setAside'
  | 'isInPlace'
  | 'copyToMemory'
  | 'openBatch'
  | 'bind'
  | 'rebind'
  | 'inherit'
  | 'recordFormer'
  | 'recordFirstOwners'
  | 'ownSlurm'
  | 'assignSlurm'
  | 'saveReadings'
  | 'beginSync'
  | 'endSync'
  | 'addHistory'
  | 'recordHeld'
  | 'prune'
  | 'markWritten'
  | 'forgetPerson'
>;

/**
 * Opens the state database in `directory` (the state directory, 0700).
 * @param node a word that all processes of this node have in common; another node is refused.
 * @throws AgentError state_folder
 */
export function openStateDatabase(directory: string, now: number, node: string): StateDatabase {
  return stateOver(openDatabase(directory, now, node));
}

/**
 * Opens the state database to read it only, beside its writer: nothing is made, migrated or set aside.
 * @throws AgentError state_folder, cache_damaged
 */
export function viewState(directory: string): StateView {
  const connection = openDatabaseToRead(directory);
  return stateOver({ connection, setAside: null, isInPlace: () => true, close: () => connection.close() });
}

function stateOver({ connection, setAside, isInPlace, close }: OpenedDatabase): StateDatabase {
  return {
    ...openStoredRecords(connection),
    ...openLedger(connection),
    ...openInherited(connection),
    ...openFirstOwners(connection),
    ...openSlurmLedger(connection),
    ...openSyncLog(connection),
    ...openGuardMemory(connection),
    forgetPerson: (person) => forgetPerson(connection, person),
    setAside,
    isInPlace,
    copyToMemory: () => stateOver(copyToMemory(connection)),
    foreignVersion: () => foreignVersion(connection),
    close,
  };
}
