// What happened on this node: what passes did, from the mirror, and what operators did by hand, from the audit trail.
import type { StateView } from '../../state/state.ts';
import type { AuditTrail } from './audit.ts';

export interface HistoryEvent {
  /** Epoch seconds. */
  readonly at: number;
  /** Number of the pass; null: an operator's act. */
  readonly pass: number | null;
  /** Hash of the records that the pass worked from; null: an operator's act, or the pass is no longer on record. */
  readonly snapshot: string | null;
  /** The operator; null: a pass. */
  readonly operator: string | null;
  /** The kind of change, or the operator's act. */
  readonly what: string;
  /** The account's or group's name, or what the operator named. */
  readonly name: string;
  readonly scimId: string | null;
  /** Why, or what exactly. */
  readonly because: string;
  /** Why it failed; null: it was done. */
  readonly problem: string | null;
}

export interface HistoryQuestion {
  /** Epoch seconds. */
  readonly since: number;
  /** Any of the names that a person goes by, in small letters; empty: everybody. */
  readonly words: ReadonlySet<string>;
  /** At most so many, the newest. */
  readonly limit: number;
}

/** Both sources as one list, the oldest first; `mirror` null: it cannot be read, and only operators' acts are known. */
export function gatherHistory(
  mirror: Pick<StateView, 'history' | 'snapshots'> | null,
  audit: AuditTrail,
  { since, words, limit }: HistoryQuestion,
): HistoryEvent[] {
  const concerns = (...names: (string | null)[]): boolean =>
    words.size === 0 || names.some((name) => name !== null && words.has(name.toLowerCase()));
  // A group's change is a person's too, by the SCIM id.
  const rows = (mirror?.history({ since, limit: words.size === 0 ? limit : 100_000 }) ?? [])
    .filter(({ name, scimId }) => concerns(name, scimId))
    .slice(0, limit);
  const snapshots = mirror?.snapshots(new Set(rows.map(({ pass }) => pass))) ?? new Map<number, string>();
  const done = rows.map(({ pass, at, kind, name, scimId, because, problem }): HistoryEvent => {
    const snapshot = snapshots.get(pass) ?? null;
    // What stands behind the colon is how the guard weighs it.
    const [what = kind] = kind.split(':');
    return { at, pass, snapshot, operator: null, what, name, scimId, because, problem };
  });
  const acts = audit.entries
    .map(({ at, operator, act, subject, detail }): HistoryEvent => ({
      at: Math.floor(Date.parse(at) / 1000),
      pass: null,
      snapshot: null,
      operator,
      what: act,
      name: subject,
      scimId: null,
      because: detail,
      problem: null,
    }))
    .filter(({ at, name }) => at >= since && concerns(name));
  return [...done.reverse(), ...acts].sort((a, b) => a.at - b.at).slice(-limit);
}
