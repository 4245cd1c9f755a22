// What becomes of the lines of a former publisher that an import does not bind to people.
import type { Fate, InheritedLine, InheritedRow } from './inherited.ts';

export interface LineDecision {
  /** The lines of the accounts that are imported, and all groups beside them. */
  readonly lines: readonly InheritedLine[];
  /** Names that no person at the store has. */
  readonly unmatched: ReadonlySet<string>;
  /** Names of accounts that the ledger binds to the same person, or is about to bind. */
  readonly bound: ReadonlySet<string>;
  /** Names of groups in the ledger. */
  readonly boundGroups: ReadonlySet<string>;
  /** What was decided before. */
  readonly rows: readonly InheritedRow[];
  /** The choice for accounts that are not at the store; null: none was made. */
  readonly fate: Exclude<Fate, 'undecided'> | null;
  /** Epoch seconds. */
  readonly now: number;
  readonly by: string;
}

/**
 * The rows that are new or change. An account that is at the store and was refused stays undecided. A group goes on being
 * published, unless it is the primary group of dropped accounts alone.
 */
export function decideLines(decision: LineDecision): InheritedRow[] {
  const { lines, unmatched, bound, boundGroups, rows, fate, now, by } = decision;
  const before = new Map(rows.map((row) => [`${row.kind} ${row.name}`, row]));
  const dropped = new Set<string>();
  const fates = new Map<InheritedLine, Fate>();
  for (const line of lines) {
    if (line.kind !== 'account' || bound.has(line.name)) continue;
    const known = before.get(`account ${line.name}`);
    const kept = known?.id === line.id ? known.fate : 'undecided';
    const chosen = unmatched.has(line.name) ? (fate ?? kept) : kept;
    fates.set(line, chosen);
    if (chosen === 'drop') dropped.add(line.name);
  }
  for (const line of lines) {
    if (line.kind !== 'group' || boundGroups.has(line.name)) continue;
    fates.set(line, isOfDropped(line, lines, dropped) ? 'drop' : 'keep');
  }
  return [...fates].flatMap(([line, chosen]): InheritedRow[] => {
    const known = before.get(`${line.kind} ${line.name}`);
    const isSame = known !== undefined && known.line === line.line && known.keys === line.keys;
    if (isSame && known.fate === chosen) return [];
    return [{ ...line, fate: chosen, decidedAt: now, by }];
  });
}

function isOfDropped(
  group: InheritedLine,
  lines: readonly InheritedLine[],
  dropped: ReadonlySet<string>,
): boolean {
  const users = lines.filter(
    ({ kind, line }) => kind === 'account' && Number(line.split(':')[3]) === group.id,
  );
  const members = (group.line.split(':')[3] ?? '').split(',').filter((member) => member !== '');
  return (
    users.length > 0 && [...users.map(({ name }) => name), ...members].every((name) => dropped.has(name))
  );
}
