// What is kept in memory of the tables, read again when another process has written.
import type { Connection } from './database.ts';

export interface ReadOnce<T> {
  get(): T;
  /** This process has written what it holds. */
  forget(): void;
}

/** Another number after another connection has committed; a commit of this one leaves it (sqlite.org/pragma.html). */
export function foreignVersion(connection: Connection): number {
  return Number(connection.pragma('data_version', { simple: true }));
}

/** Reads when it is asked first, and again after another process has written. */
export function readOnce<T extends object>(
  connection: Connection,
  read: (connection: Connection) => T,
): ReadOnce<T> {
  let version: number | null = null;
  let value: T | null = null;
  return {
    get() {
      const found = foreignVersion(connection);
      if (found !== version) value = null;
      version = found;
      return (value ??= read(connection));
    },
    forget() {
      value = null;
    },
  };
}
