// Opens the SQLite file of the mirror: a private folder, one writer, migrations, and a damaged file set aside.
import { accessSync, constants, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { AgentError } from '../errors.ts';
import { MIGRATIONS } from './schema.ts';

export type Connection = Database.Database;

export interface OpenedDatabase {
  readonly connection: Connection;
  /** Where a damaged file was moved to, or null; the mirror is then empty and must be rebuilt. */
  readonly setAside: string | null;
}

/**
 * Opens `folder`/mirror.sqlite, creating both where they are missing.
 * @param now epoch seconds, for the name of a file that is set aside.
 * @throws AgentError state_folder when folder or file are not the caller's own.
 */
export function openDatabase(folder: string, now: number): OpenedDatabase {
  // The key files lie beside it, where the helper's user must reach them.
  mkdirSync(path.dirname(folder), { recursive: true, mode: 0o755 });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  refuseForeign(folder, 'directory');
  const file = path.join(folder, 'mirror.sqlite');
  refuseForeign(file, 'file');
  try {
    return { connection: openChecked(file), setAside: null };
  } catch (error) {
    if (!isDamage(error)) throw new AgentError('state_folder', `cannot open ${file}`, { cause: error });
    const setAside = `${file}.damaged-${now}`;
    renameSync(file, setAside);
    for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
    return { connection: openChecked(file), setAside };
  }
}

/**
 * Opens `folder`/mirror.sqlite without the right to write it.
 * @throws AgentError state_folder where there is none or it may not be read, cache_damaged.
 */
export function openDatabaseToRead(folder: string): Connection {
  const file = path.join(folder, 'mirror.sqlite');
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

function openChecked(file: string): Connection {
  const previousMask = process.umask(0o077);
  const connection = new Database(file, { timeout: 2000 });
  process.umask(previousMask);
  try {
    connection.pragma('journal_mode = WAL');
    connection.pragma('synchronous = NORMAL');
    connection.pragma('trusted_schema = OFF');
    const verdict = connection.pragma('quick_check(1)', { simple: true });
    if (verdict !== 'ok') throw new DamagedDatabase(`${file}: ${String(verdict)}`);
    migrate(connection);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** A newer file (after a downgrade) is used as it is: migrations only ever add. */
function migrate(connection: Connection): void {
  const version = Number(connection.pragma('user_version', { simple: true }));
  for (let next = version; next < MIGRATIONS.length; next += 1) {
    connection.transaction(() => {
      connection.exec(MIGRATIONS[next] ?? '');
      connection.pragma(`user_version = ${next + 1}`);
    })();
  }
}

class DamagedDatabase extends Error {}

function isDamage(error: unknown): boolean {
  if (error instanceof DamagedDatabase) return true;
  const code = error instanceof Database.SqliteError ? error.code : '';
  return code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB';
}

/** A link, or a file that somebody else owns, could be swapped under us. */
function refuseForeign(file: string, kind: 'file' | 'directory'): void {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined) return;
  const isRightKind = kind === 'file' ? found.isFile() : found.isDirectory();
  if (!isRightKind) throw new AgentError('state_folder', `${file} is not a plain ${kind}`);
  if (found.uid !== process.geteuid?.()) {
    throw new AgentError(
      'state_folder',
      `${file} belongs to uid ${found.uid}, not to uid ${process.geteuid?.() ?? '?'}`,
    );
  }
  if ((found.mode & 0o077) !== 0) {
    const mode = (found.mode & 0o777).toString(8);
    throw new AgentError('state_folder', `${file} has mode ${mode}, so others may reach it`);
  }
}
