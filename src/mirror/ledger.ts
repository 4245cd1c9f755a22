// The ledger: which name and id are bound to which SCIM id, for ever.
import type { Binding } from '../policy/desired.ts';
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

/** Every binding there ever was. */
export function readBindings(connection: Connection): Binding[] {
  const rows = connection.prepare<[], Row>('SELECT * FROM binding').all();
  return rows.map((row) => ({
    kind: row.kind,
    scimId: row.scim_id,
    name: row.name,
    id: row.id,
    gid: row.gid,
    home: row.home,
    boundAt: row.bound_at,
    closedAt: row.closed_at,
  }));
}

/** Records new and changed bindings, all or none; a name or id that is bound to another SCIM id is refused by the table. */
export function recordBindings(connection: Connection, bindings: readonly Binding[]): void {
  if (bindings.length === 0) return;
  const upsert = connection.prepare(
    'INSERT INTO binding (kind, scim_id, name, id, gid, home, bound_at, closed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ' +
      'ON CONFLICT (kind, scim_id) DO UPDATE SET name = excluded.name, gid = excluded.gid, home = excluded.home, ' +
      'closed_at = excluded.closed_at',
  );
  connection.transaction(() => {
    for (const { kind, scimId, name, id, gid, home, boundAt, closedAt } of bindings) {
      upsert.run(kind, scimId, name, id, gid, home, boundAt, closedAt);
    }
  })();
}
