// When accounts last logged in, from lastlog(8) or, where the node has it, lastlog2(8).
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { hasCode } from '../fs/read-text.ts';

/** Epoch seconds; null: no login is recorded, or no record is kept here. */
export type LastLogin = (account: { readonly name: string; readonly uid: number }) => number | null;

/** struct lastlog of lastlog.h, a sparse array by uid: the time, 32 bytes of terminal, 256 bytes of host. */
const TIME_BYTES = process.arch === 'x64' ? 4 : 8;
const ENTRY_BYTES = TIME_BYTES + 32 + 256;

/** Both are written for logins with a terminal alone. The caller closes it. */
export function openLastLogins(root: string): { readonly find: LastLogin; close(): void } {
  const newer = readLastlog2(path.join(root, 'var/lib/lastlog/lastlog2.db'));
  const fd = openIfThere(path.join(root, 'var/log/lastlog'));
  const size = fd === null ? 0 : fstatSync(fd).size;
  const entry = Buffer.alloc(TIME_BYTES);
  const readOld = (uid: number): number | null => {
    const at = uid * ENTRY_BYTES;
    if (fd === null || at + ENTRY_BYTES > size) return null;
    if (readSync(fd, entry, 0, TIME_BYTES, at) !== TIME_BYTES) return null;
    return entry.readUIntLE(0, Math.min(TIME_BYTES, 6)) || null;
  };
  return {
    find: ({ name, uid }) => newer.get(name) ?? readOld(uid),
    close: () => {
      if (fd !== null) closeSync(fd);
    },
  };
}

/** The table of pam_lastlog2(8): Name, Time. A database that is no such one tells nothing. */
function readLastlog2(file: string): ReadonlyMap<string, number> {
  try {
    const connection = new Database(file, { readonly: true, fileMustExist: true, timeout: 500 });
    try {
      const rows = connection
        .prepare<[], { name: unknown; time: unknown }>('SELECT Name AS name, Time AS time FROM Lastlog2')
        .all();
      return new Map(
        rows.flatMap(({ name, time }) =>
          typeof name === 'string' && typeof time === 'number' ? [[name, time] as const] : [],
        ),
      );
    } finally {
      connection.close();
    }
  } catch {
    return new Map();
  }
}

function openIfThere(file: string): number | null {
  try {
    return openSync(file, 'r');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT') || hasCode(cause, 'EACCES')) return null;
    throw cause;
  }
}
