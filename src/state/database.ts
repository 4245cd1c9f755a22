// Opens the SQLite file of the state database: one writer, migrations, and a damaged file set aside, never lost and never fatal.
import { accessSync, constants, existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { AgentError } from '../common/errors.ts';
import { isDamageCode, sqliteCode } from '../common/sqlite-error.ts';
import { toSystemError } from '../common/system-error.ts';
import { MIGRATIONS, TABLES } from './schema.ts';
import { COMPANIONS, DATABASE, prepareStateDirectory } from './state-directory.ts';
import { acquireWriterLock, type WriterLock } from './writer-lock.ts';

export type Connection = Database.Database;

export interface OpenedDatabase {
  readonly connection: Connection;
  /** Where a damaged file was moved to, or null; the state database is then empty and must be rebuilt. */
  readonly setAside: string | null;
  /** Whether the file is still the one that lies in its place. */
  readonly isInPlace: () => boolean;
  readonly close: () => void;
}

/** So many damaged files are kept, so that it can be found out what happened. */
const KEPT_DAMAGED = 3;

/**
 * Opens `directory`/mirror.sqlite, creating both where they are missing.
 * @param now epoch seconds, for the name of a file that is set aside.
 * @param node see `takeWriterLock`.
 * @param migrations another build's, in a test.
 * @throws AgentError state_folder when directory or file are not the caller's own, or another node's agent uses them;
 *   cache_damaged when another process of this node must set the file aside.
 */
export function openDatabase(
  directory: string,
  now: number,
  node: string,
  migrations: readonly string[] = MIGRATIONS,
): OpenedDatabase {
  prepareStateDirectory(directory);
  const lock = acquireWriterLock(directory, node);
  try {
    const { connection, setAside } = openOrSetAside(path.join(directory, DATABASE), now, lock, migrations);
    lock.share();
    const close = (): void => {
      connection.close();
      lock.release();
    };
    return { connection, setAside, isInPlace: watchInode(path.join(directory, DATABASE)), close };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The same content in memory, lost with the process. */
export function copyToMemory(original: Connection): OpenedDatabase {
  const bytes = original.serialize();
  // Memory has no write-ahead log: the legacy journal, to read and to write (sqlite.org/fileformat2.html, 1.3.3).
  bytes[18] = 1;
  bytes[19] = 1;
  const connection = new Database(bytes);
  return { connection, setAside: null, isInPlace: () => true, close: () => connection.close() };
}

/** Tells whether the file that lies there is the one of now. */
function watchInode(file: string): () => boolean {
  const look = (): string | null => {
    const found = statSync(file, { bigint: true, throwIfNoEntry: false });
    return found === undefined ? null : `${found.dev} ${found.ino}`;
  };
  const opened = look();
  return () => look() === opened;
}

/**
 * Opens `directory`/mirror.sqlite without the right to write it.
 * @throws AgentError state_folder where there is none or it may not be read, cache_damaged.
 */
export function openDatabaseToRead(directory: string): Connection {
  const file = path.join(directory, 'mirror.sqlite');
  try {
    accessSync(file, constants.R_OK);
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    throw new AgentError('state_folder', isMissing ? `there is no ${file} yet` : `${file} may not be read`, {
      hint: isMissing ? 'sunk-agent sync makes it' : 'only root may: use sudo',
    });
  }
  try {
    const connection = new Database(file, { readonly: true, fileMustExist: true, timeout: 2000 });
    connection.pragma('trusted_schema = OFF');
    connection.prepare('SELECT count(*) FROM binding').get();
    return connection;
  } catch (cause) {
    const code = isDamage(cause) ? 'cache_damaged' : 'state_folder';
    throw new AgentError(code, isDamage(cause) ? `${file} is damaged` : `cannot read ${file}`, { cause });
  }
}

function openOrSetAside(
  file: string,
  now: number,
  lock: WriterLock,
  migrations: readonly string[],
): Omit<OpenedDatabase, 'close' | 'isInPlace'> {
  try {
    return { connection: openChecked(file, lock, migrations), setAside: null };
  } catch (error) {
    if (error instanceof AgentError) throw error;
    if (!isDamage(error)) throw toSystemError('state_folder', `cannot open ${file}`, error);
    if (!lock.isAlone) {
      throw new AgentError('cache_damaged', `${file} is damaged, and another process has it open`, {
        cause: error,
        hint: 'systemctl restart sunk-agent: the daemon sets it aside and rebuilds it',
      });
    }
    const setAside = `${file}.damaged-${now}`;
    for (const suffix of ['', ...COMPANIONS]) {
      if (existsSync(file + suffix)) renameSync(file + suffix, setAside + suffix);
    }
    dropOldDamaged(path.dirname(file));
    return { connection: openChecked(file, lock, migrations), setAside };
  }
}

/**
 * `integrity_check` compares the indexes with their tables, which `quick_check` does not: a damaged index made the guard
 * count what never was, or ended each sync, and one of the ledger keeps a uid from being given twice. It takes 33 ms for
 * 10,000 people, where `quick_check` takes 22. Once a start: a process that comes while another has the file open does not
 * repeat it.
 */
function openChecked(file: string, lock: WriterLock, migrations: readonly string[]): Connection {
  const previousMask = process.umask(0o077);
  const connection = new Database(file, { timeout: 2000 });
  process.umask(previousMask);
  try {
    connection.pragma('journal_mode = WAL');
    connection.pragma('synchronous = NORMAL');
    connection.pragma('trusted_schema = OFF');
    // In KiB, where better-sqlite3 has 16 MB: records are in memory, and are read and written in the order of their table.
    connection.pragma('cache_size = -2000');
    if (lock.isAlone) demandSound(connection, file);
    migrate(connection, migrations);
    for (const [table, columns] of TABLES)
      connection.prepare(`SELECT ${columns.join()} FROM ${table} LIMIT 0`);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function demandSound(connection: Connection, file: string): void {
  const verdict = connection.pragma('integrity_check(1)', { simple: true });
  if (verdict !== 'ok') throw new DamagedDatabase(`${file}: ${String(verdict)}`);
}

/** A newer file (after a downgrade) is used as it is: migrations only ever add. */
function migrate(connection: Connection, migrations: readonly string[]): void {
  const version = Number(connection.pragma('user_version', { simple: true }));
  for (let next = version; next < migrations.length; next += 1) {
    connection.transaction(() => {
      connection.exec(migrations[next] ?? '');
      connection.pragma(`user_version = ${next + 1}`);
    })();
  }
}

class DamagedDatabase extends Error {}

/**
 * Whether an error says that the file itself is wrong, and not the disk, the memory or the rights. SQLITE_ERROR is a
 * statement that does not fit the tables.
 */
export function isDamage(error: unknown): boolean {
  if (error instanceof DamagedDatabase) return true;
  const code = sqliteCode(error);
  return code !== null && (isDamageCode(code) || /^SQLITE_(?:SCHEMA|ERROR)/.test(code));
}

function dropOldDamaged(directory: string): void {
  const damaged = readdirSync(directory)
    .filter((name) => /^mirror\.sqlite\.damaged-\d+$/.test(name))
    .sort((a, b) => Number(b.split('-')[1]) - Number(a.split('-')[1]));
  for (const name of damaged.slice(KEPT_DAMAGED)) {
    for (const suffix of ['', ...COMPANIONS]) rmSync(path.join(directory, name + suffix), { force: true });
  }
}
