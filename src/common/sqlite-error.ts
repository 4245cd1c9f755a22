// Errors of SQLite by result code (sqlite.org/rescode.html): the file is damaged, or a system call failed.

const DAMAGED = /^SQLITE_(?:CORRUPT|NOTADB|FORMAT|IOERR_SHORT_READ)/;

/** The errno(3) behind a result code. */
const SYSTEM_ERRORS: readonly (readonly [code: RegExp, errno: string])[] = [
  [/^SQLITE_FULL/, 'ENOSPC'],
  [/^SQLITE_(?:NOMEM|IOERR_NOMEM)/, 'ENOMEM'],
  [/^SQLITE_IOERR/, 'EIO'],
  [/^SQLITE_READONLY/, 'EROFS'],
  [/^SQLITE_(?:CANTOPEN|PERM|AUTH)/, 'EACCES'],
  [/^SQLITE_(?:BUSY|LOCKED)/, 'EBUSY'],
];

/** null: the error does not come from SQLite. */
export function sqliteCode(error: unknown): string | null {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : null;
}

/** Whether the code means that the file is not what SQLite wrote. */
export function isDamageCode(code: string): boolean {
  return DAMAGED.test(code);
}

/** Whether the file can be read but not written: the disk is full, fails, or is read-only. */
export function isUnwritable(error: unknown): boolean {
  const errno = errnoOf(sqliteCode(error) ?? '');
  return errno !== null && ['ENOSPC', 'EIO', 'EROFS', 'EACCES'].includes(errno);
}

/** null: the code stands for no error of a system call. */
export function errnoOf(code: string): string | null {
  return isDamageCode(code) ? null : (SYSTEM_ERRORS.find(([pattern]) => pattern.test(code))?.[1] ?? null);
}
