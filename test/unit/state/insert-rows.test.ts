import Database from 'better-sqlite3';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { insertRows } from '../../../src/state/insert-rows.ts';

test('rows of any number stand in the table in their order, whatever they hold', () => {
  const value = fc.oneof(fc.string(), fc.integer(), fc.constant(null));
  const rows = fc.array(fc.tuple(value, value), { maxLength: 260, size: 'max' });
  fc.assert(
    fc.property(rows, (given) => {
      const connection = new Database(':memory:');
      connection.exec('CREATE TABLE pair (a, b)');
      insertRows(connection, 'pair', ['a', 'b'], given);
      const found = connection.prepare<[], [unknown, unknown]>('SELECT a, b FROM pair ORDER BY rowid').raw();
      expect(found.all()).toEqual(given);
      connection.close();
    }),
  );
});
