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
  /** userName of the person it was done for; null: a group or all, an act, or the records no longer tell. */
  readonly person: string | null;
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
  /** One group's name; null: all. Its own changes and those of its members. */
  readonly group: string | null;
  /** Kinds of changes and acts (`member-add`, `block`); empty: all. */
  readonly codes: ReadonlySet<string>;
  /** The newest events, at most this many. */
  readonly limit: number;
}

/** Both sources in one list, the oldest first; `state` null: it cannot be read, and only operators' acts are known. */
export function gatherHistory(
  state: Pick<StateView, 'history' | 'snapshots' | 'users'> | null,
  audit: AuditTrail,
  { since, about, group, codes, limit }: HistoryQuestion,
): HistoryEvent[] {
  const concerns = (name: string, scimId: string | null): boolean =>
    about === null || about.scimId === scimId || about.names.has(name.toLowerCase());
  const isAsked = (what: string, name: string): boolean =>
    (codes.size === 0 || codes.has(what)) &&
    (group === null || (name === group && /^(?:group|member)-|^rebind$/.test(what)));
  const isWhole = about === null && group === null && codes.size === 0;
  // The change of a group has the user's SCIM id.
  const rows = (state?.history({ since, limit: isWhole ? limit : ALL }) ?? [])
    .filter(({ name, scimId, kind }) => concerns(name, scimId) && isAsked(nameCode(kind), name))
    .slice(0, limit);
  const people = readPeople(state, new Set(rows.flatMap(({ scimId }) => scimId ?? [])));
  const snapshots = state?.snapshots(new Set(rows.map(({ sync }) => sync))) ?? new Map<number, string>();
  const done = rows.map(({ sync, at, kind, name, scimId, because, problem }): HistoryEvent => {
    const snapshot = snapshots.get(sync) ?? null;
    const person = scimId === null ? null : (people.get(scimId) ?? null);
    return {
      at,
      sync,
      snapshot,
      operator: null,
      what: nameCode(kind),
      name,
      scimId,
      person,
      because,
      problem,
    };
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
      person: null,
      because: detail,
      problem: null,
    }))
    .filter(({ at, name, what }) => at >= since && concerns(name, name) && isAsked(what, name));
  return [...done.reverse(), ...acts].sort((a, b) => a.at - b.at).slice(-limit);
}

/** More than the history keeps. */
const ALL = 100_000;

/** Behind the colon stands how the guard counts it. */
function nameCode(kind: string): string {
  return kind.split(':')[0] ?? kind;
}

/** userNames of these SCIM ids, as far as there are records. */
function readPeople(
  state: Pick<StateView, 'users'> | null,
  ids: ReadonlySet<string>,
): ReadonlyMap<string, string> {
  if (state === null || ids.size === 0) return new Map();
  return new Map(
    state
      .users()
      .flatMap(({ record }) => (ids.has(record.id) ? [[record.id, record.userName] as const] : [])),
  );
}
