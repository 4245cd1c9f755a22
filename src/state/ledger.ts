// The ledger: which name and id are bound to which SCIM id, for ever.
import type { Binding } from '../policy/model.ts';
import type { FormerBinding } from '../policy/identity/former.ts';
import type { Rebinding } from '../policy/ledger/rebind.ts';
import type { Connection } from './database.ts';

interface Row {
  kind: 'account' | 'group';
  scim_id: string;
  name: string;
  id: number;
  gid: number | null;
  home: string | null;
  bound_at: number;
  closed_at: number | null;
}

export interface Ledger {
  /** Every binding there ever was. */
  bindings(): readonly Binding[];
  bind(bindings: readonly Binding[]): void;
  /** Moves bindings to new SCIM ids; the former ones stay on record. `at` in epoch seconds, `by` an operator. */
  rebind(moves: readonly Rebinding[], at: number, by: string): void;
  /** Every move there ever was, the newest last. */
  former(): readonly FormerBinding[];
  /** Records moves of another ledger that are not on record here. `at` in epoch seconds, `by` an operator. */
  recordFormer(moves: readonly FormerBinding[], at: number, by: string): void;
}

/** The ledger over its table. It is not kept in memory: reading 10,000 bindings takes 4 ms. */
export function openLedger(connection: Connection): Ledger {
  return {
    bindings: () => readBindings(connection),
    bind: (added) => recordBindings(connection, added),
    rebind: (moves, at, by) => moveBindings(connection, moves, at, by),
    former: () => readFormer(connection),
    recordFormer(moves, at, by) {
      if (moves.length > 0) recordMoves(connection, moves, at, by);
    },
  };
}

function readBindings(connection: Connection): Binding[] {
  const rows = connection.prepare<[], Row>('SELECT * FROM binding').all();
  return rows.map((row) => ({
    kind: row.kind,
    scimId: row.scim_id,
    name: row.name,
    id: row.id,
    gid: row.gid,
    home: row.home,
    boundAt: row.bound_at,
    disabledAt: row.closed_at,
  }));
}

function readFormer(connection: Connection): FormerBinding[] {
  return connection
    .prepare<[], FormerBinding>(
      'SELECT kind, old_id AS "from", new_id AS "to", name, id FROM rebinding ORDER BY at, new_id',
    )
    .all();
}

function recordMoves(connection: Connection, moves: readonly FormerBinding[], at: number, by: string): void {
  const record = connection.prepare(
    'INSERT INTO rebinding (kind, old_id, new_id, name, id, at, by) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  connection.transaction(() => {
    // One second apart: the order of moves is what is followed.
    for (const [index, { kind, from, to, name, id }] of moves.entries())
      record.run(kind, from, to, name, id, at + index, by);
  })();
}

/** Records new and changed bindings, all or none; a name or id that is bound to another SCIM id is refused by the table. */
function recordBindings(connection: Connection, bindings: readonly Binding[]): void {
  if (bindings.length === 0) return;
  const upsert = connection.prepare(
    'INSERT INTO binding (kind, scim_id, name, id, gid, home, bound_at, closed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ' +
      'ON CONFLICT (kind, scim_id) DO UPDATE SET name = excluded.name, gid = excluded.gid, home = excluded.home, ' +
      'closed_at = excluded.closed_at',
  );
  connection.transaction(() => {
    for (const { kind, scimId, name, id, gid, home, boundAt, disabledAt } of bindings) {
      upsert.run(kind, scimId, name, id, gid, home, boundAt, disabledAt);
    }
  })();
}

/**
 * Moves bindings to other SCIM ids, all or none, and records each former one. Names stay; an id that is bound already is
 * refused by the table.
 * @param at epoch seconds.
 * @param by the operator.
 */
function moveBindings(connection: Connection, moves: readonly Rebinding[], at: number, by: string): void {
  const move = connection.prepare(
    'UPDATE binding SET scim_id = ?, id = ?, gid = ? WHERE kind = ? AND scim_id = ? AND id = ?',
  );
  const record = connection.prepare(
    'INSERT INTO rebinding (kind, old_id, new_id, name, id, at, by) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  connection.transaction(() => {
    // Later than all before it, also within one second: the order of moves is what is followed.
    const last = connection.prepare<[], { at: number | null }>('SELECT max(at) AS at FROM rebinding').get();
    const since = Math.max(at, (last?.at ?? 0) + 1);
    for (const { binding, to, id: newId, gid } of moves) {
      const { kind, scimId, name, id } = binding;
      if (move.run(to, newId, gid, kind, scimId, id).changes !== 1)
        throw new Error(`the ledger no longer binds ${name} to ${scimId}`);
      record.run(kind, scimId, to, name, id, since, by);
    }
  })();
}
