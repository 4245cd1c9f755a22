// The history of this node: changes made by syncs, from the state database, and acts of operators, from the audit trail.
import { parseTimestamp } from '../../common/text/timestamp.ts';
import type { StateView } from '../../state/state.ts';
import type { AuditTrail } from './audit.ts';

export interface HistoryEvent {
  /** Epoch seconds. */
  readonly at: number;
  /** Number of the sync; null: an operator's act. */
  readonly sync: number | null;
  /** Hash of the records that the sync used; null: an operator's act, or the sync is no longer on record. */
  readonly snapshot: string | null;
  /** The operator; null: a sync. */
  readonly operator: string | null;
  /** The kind of change, or the operator's act. */
  readonly what: string;
  /** Name of the account or group, or what the operator named. */
  readonly name: string;
  readonly scimId: string | null;
  /** The reason, or the act in detail. */
  readonly because: string;
  /** Why it failed; null: it did not. */
  readonly problem: string | null;
}

export interface HistoryQuestion {
  /** Epoch seconds. */
  readonly since: number;
  /** Whose events: names in lower case, and the SCIM id as it is; null: all users. */
  readonly about: { readonly names: ReadonlySet<string>; readonly scimId: string } | null;
  /** The newest events, at most this many. */
  readonly limit: number;
}

/** Both sources in one list, the oldest first; `state` null: it cannot be read, and only operators' acts are known. */
export function gatherHistory(
  state: Pick<StateView, 'history' | 'snapshots'> | null,
  audit: AuditTrail,
  { since, about, limit }: HistoryQuestion,
): HistoryEvent[] {
  const concerns = (name: string, scimId: string | null): boolean =>
    about === null || about.scimId === scimId || about.names.has(name.toLowerCase());
  // The change of a group has the user's SCIM id.
  const rows = (state?.history({ since, limit: about === null ? limit : 100_000 }) ?? [])
    .filter(({ name, scimId }) => concerns(name, scimId))
    .slice(0, limit);
  const snapshots = state?.snapshots(new Set(rows.map(({ sync }) => sync))) ?? new Map<number, string>();
  const done = rows.map(({ sync, at, kind, name, scimId, because, problem }): HistoryEvent => {
    const snapshot = snapshots.get(sync) ?? null;
    // Behind the colon stands how the guard counts it.
    const [what = kind] = kind.split(':');
    return { at, sync, snapshot, operator: null, what, name, scimId, because, problem };
  });
  const acts = audit.entries
    .map(({ at, operator, act, subject, detail }): HistoryEvent => ({
      // The trail has no entry whose time cannot be read.
      at: Math.floor((parseTimestamp(at) ?? 0) / 1000),
      sync: null,
      snapshot: null,
      operator,
      what: act,
      name: subject,
      scimId: null,
      because: detail,
      problem: null,
    }))
    .filter(({ at, name }) => at >= since && concerns(name, name));
  return [...done.reverse(), ...acts].sort((a, b) => a.at - b.at).slice(-limit);
}
