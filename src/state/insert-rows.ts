// Many rows in few statements: to call SQLite for each costs more than the row.
import type { Connection } from './database.ts';

type Value = string | number | null;

const AT_ONCE = 50;

/**
 * Inserts the rows in their order; the caller opens the transaction.
 * @param columns of the table, and so of each row.
 */
export function insertRows(
  connection: Connection,
  table: string,
  columns: readonly string[],
  rows: Iterable<readonly Value[]>,
): void {
  const row = `(${columns.map(() => '?').join()})`;
  const prepare = (count: number) =>
    connection.prepare<Value[]>(
      `INSERT INTO ${table} (${columns.join()}) VALUES ${Array<string>(count).fill(row).join()}`,
    );
  const many = prepare(AT_ONCE);
  let waiting: Value[] = [];
  for (const values of rows) {
    waiting.push(...values);
    if (waiting.length < AT_ONCE * columns.length) continue;
    many.run(...waiting);
    waiting = [];
  }
  if (waiting.length > 0) prepare(waiting.length / columns.length).run(...waiting);
}
