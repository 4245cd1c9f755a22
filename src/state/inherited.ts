// What operators decided of a former publisher's accounts and groups.
import type { InheritedRow } from '../policy/inherited/inherited.ts';
import type { Connection } from './database.ts';

interface Row {
  kind: 'account' | 'group';
  name: string;
  id: number;
  line: Buffer;
  keys: Buffer | null;
  fate: InheritedRow['fate'];
  decided_at: number;
  by: string;
}

export interface Inherited {
  /** One row for each name that an operator decided about, or left undecided at an import. */
  inherited(): readonly InheritedRow[];
  /** Records decisions, all or none; a name that has one gets the new one. */
  inherit(rows: readonly InheritedRow[]): void;
}

/** The decisions over their table. */
export function openInherited(connection: Connection): Inherited {
  return {
    inherited: () => readRows(connection),
    inherit(decided) {
      if (decided.length > 0) recordRows(connection, decided);
    },
  };
}

function readRows(connection: Connection): InheritedRow[] {
  // A view of a file that its writer has not brought to this version yet.
  if (connection.prepare("SELECT 1 FROM sqlite_master WHERE name = 'inherited'").get() === undefined)
    return [];
  const rows = connection.prepare<[], Row>('SELECT * FROM inherited').all();
  return rows.map(({ line, keys, decided_at: decidedAt, ...row }) => ({
    ...row,
    line: line.toString('latin1'),
    keys: keys?.toString('latin1') ?? null,
    decidedAt,
  }));
}

function recordRows(connection: Connection, rows: readonly InheritedRow[]): void {
  const upsert = connection.prepare(
    'INSERT INTO inherited (kind, name, id, line, keys, fate, decided_at, by) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ' +
      'ON CONFLICT (kind, name) DO UPDATE SET id = excluded.id, line = excluded.line, keys = excluded.keys, ' +
      'fate = excluded.fate, decided_at = excluded.decided_at, by = excluded.by',
  );
  connection.transaction(() => {
    for (const { kind, name, id, line, keys, fate, decidedAt, by } of rows) {
      const blob = keys === null ? null : Buffer.from(keys, 'latin1');
      upsert.run(kind, name, id, Buffer.from(line, 'latin1'), blob, fate, decidedAt, by);
    }
  })();
}
