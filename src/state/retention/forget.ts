// Erases what the state database has of a person who left; the binding stays, so that name and uid are never given away.
import type { Connection } from '../database.ts';

/** What a person is called in texts. */
export interface ForgottenPerson {
  readonly scimId: string;
  /** Account name, userName and other names. */
  readonly names: readonly string[];
}

/**
 * Records, keys, quarantine, first owners and history go; reports of syncs lose each sentence that names the person. What
 * was there is overwritten on disk, in the log too (sqlite.org/pragma.html#pragma_secure_delete).
 */
export function forgetPerson(connection: Connection, person: ForgottenPerson): void {
  const { scimId, names } = person;
  connection.pragma('secure_delete = ON');
  connection.transaction(() => {
    const remove = (sql: string, ...values: string[]): void => void connection.prepare(sql).run(...values);
    remove("DELETE FROM record WHERE kind = 'User' AND id = ?", scimId);
    remove('DELETE FROM key_reading WHERE user_id = ?', scimId);
    remove('DELETE FROM missing_member WHERE user_id = ?', scimId);
    remove("DELETE FROM quarantine WHERE kind = 'User' AND id = ?", scimId);
    remove('DELETE FROM first_owner WHERE scim_id = ?', scimId);
    remove('DELETE FROM history WHERE scim_id = ?', scimId);
    // What a command revoked while the ledger could not be read has the name alone.
    for (const name of names)
      remove("DELETE FROM history WHERE scim_id IS NULL AND name = ? AND kind NOT LIKE 'group-%'", name);
    scrubReports(connection, person);
  })();
  connection.pragma('wal_checkpoint(TRUNCATE)');
}

function scrubReports(connection: Connection, { scimId, names }: ForgottenPerson): void {
  const isNamed = compileNames([scimId, ...names]);
  const rows = connection.prepare<[], { n: number; report: string }>('SELECT n, report FROM pass').all();
  const update = connection.prepare('UPDATE pass SET report = ? WHERE n = ?');
  for (const { n, report } of rows) {
    if (!isNamed(report)) continue;
    try {
      update.run(JSON.stringify(scrub(JSON.parse(report), isNamed)), n);
    } catch {
      update.run('{}', n);
    }
  }
}

/** Whether a text has one of these words, not as a part of another. */
export function compileNames(words: readonly string[]): (text: string) => boolean {
  const literal = words
    .filter((word) => word !== '')
    .map((word) => word.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  if (literal.length === 0) return () => false;
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}_-])(?:${literal.join('|')})(?![\\p{L}\\p{N}_-])`, 'iu');
  return (text) => pattern.test(text) || pattern.test(JSON.stringify(text));
}

/** The same JSON without elements of lists that name the person; any other text that does is emptied. */
function scrub(value: unknown, isNamed: (text: string) => boolean): unknown {
  if (typeof value === 'string') return isNamed(value) ? '' : value;
  if (Array.isArray(value))
    return value.filter((one) => !isNamed(JSON.stringify(one))).map((one: unknown) => scrub(one, isNamed));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, scrub(one as unknown, isNamed)]));
}
