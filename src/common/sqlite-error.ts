// What SQLite refuses, by its result code (sqlite.org/rescode.html): the file is wrong, or the system said no to it.

const DAMAGED = /^SQLITE_(?:CORRUPT|NOTADB|FORMAT|IOERR_SHORT_READ)/;

/** The answer of the system (errno(3)) that stands behind a code. */
const REFUSED: readonly (readonly [code: RegExp, errno: string])[] = [
  [/^SQLITE_FULL/, 'ENOSPC'],
  [/^SQLITE_(?:NOMEM|IOERR_NOMEM)/, 'ENOMEM'],
  [/^SQLITE_IOERR/, 'EIO'],
  [/^SQLITE_READONLY/, 'EROFS'],
  [/^SQLITE_(?:CANTOPEN|PERM|AUTH)/, 'EACCES'],
  [/^SQLITE_(?:BUSY|LOCKED)/, 'EBUSY'],
];

/** null: the error is none of SQLite's. */
export function sqliteCode(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : null;
}

/** Whether the code says that the file is not what SQLite wrote. */
export function isDamageCode(code: string): boolean {
  return DAMAGED.test(code);
}

/** Whether the file can be read and not be written: the disk is full, fails, or takes nothing any more. */
export function isUnwritable(error: unknown): boolean {
  const errno = errnoOf(sqliteCode(error) ?? '');
  return errno !== null && ['ENOSPC', 'EIO', 'EROFS', 'EACCES'].includes(errno);
}

/** null: it is no refusal of the system's. */
export function errnoOf(code: string): string | null {
  return isDamageCode(code) ? null : (REFUSED.find(([pattern]) => pattern.test(code))?.[1] ?? null);
}
