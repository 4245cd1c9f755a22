// Who had login and sudo at an earlier time, from the history of this node; pure.
import { compare } from '../../../common/text/compare.ts';
import type { Config } from '../../../config/config.ts';
import type { HistoryRow } from '../../../state/syncs/sync-log.ts';
import type { PersonRow } from './person-row.ts';

export interface PastPerson {
  readonly name: string;
  /** null: no record is left. */
  readonly userName: string | null;
  /** null: an account that the ledger does not know. */
  readonly scimId: string | null;
  readonly uid: number | null;
  readonly login: boolean;
  /** Access groups that the person was in, by their names on the node. */
  readonly via: readonly string[];
  readonly sudo: boolean;
  /** Sudo groups that the person was in. */
  readonly sudoVia: readonly string[];
}

export interface PastQuestion {
  /** Epoch seconds. */
  readonly at: number;
  /** What tells of that time (state/syncs/sync-log.ts), the newest first. */
  readonly history: readonly HistoryRow[];
  /** As the node has it now: what no event has changed since. */
  readonly present: readonly PersonRow[];
  readonly config: Pick<Config, 'access'>;
}

/** What an event says of one aspect: as it was after it, and before it; undefined: that it does not tell. */
interface Told<T> {
  readonly after: T | undefined;
  readonly before: T | undefined;
}

/** Until when keys let in: epoch seconds, null for without an end, 0 for no key. */
type Keys = number | null;

interface Aspects {
  readonly scimId: string;
  name: string;
  isOpen: boolean | undefined;
  keys: Keys | undefined;
  via: readonly string[] | undefined;
  readonly groups: Map<string, boolean>;
  /** Aspects whose newest event at or before the time was seen: older ones say nothing more. */
  readonly decided: Set<string>;
}

/**
 * Those who could log in or had sudo. The newest event up to that time decides; without one, what the next event changed;
 * without any, the present. What was changed by hand is in no history.
 */
export function findPeopleAt(question: PastQuestion): PastPerson[] {
  const { at, history, present, config } = question;
  const people = new Map<string, Aspects>();
  const known = new Map(present.flatMap((row) => (row.scimId === null ? [] : [[row.scimId, row] as const])));
  const accessNames = new Set(config.access.groups.map(({ name }) => name));
  const sudoNames = new Set(config.access.sudo_groups.map(({ name }) => name));
  const sudoers = findSudoers(history, at);
  for (const row of history) {
    if (row.problem !== null) continue;
    if (row.kind === 'member-add:sudo') sudoNames.add(row.name);
    for (const name of row.detail?.via ?? []) accessNames.add(name);
    if (row.scimId !== null) note(people, row.scimId, row, at);
  }
  for (const scimId of known.keys()) if (!people.has(scimId)) people.set(scimId, begin(scimId, ''));
  const found = [...people.values()].flatMap((person): PastPerson[] => {
    const now = known.get(person.scimId) ?? null;
    const isOpen = person.isOpen ?? now?.account === 'enabled';
    const keys = person.keys === undefined ? latestKey(now) : person.keys;
    const groups = groupsAt(person, now);
    const sudoVia = groups.filter((name) => sudoNames.has(name));
    const uid = now?.uid ?? null;
    const hasRule = sudoers === null || uid === null ? sudoVia.length > 0 : sudoers(uid);
    const login = isOpen && (keys === null || keys > at);
    const sudo = isOpen && hasRule;
    if (!login && !sudo) return [];
    const via = groups.filter((name) => accessNames.has(name));
    return [
      {
        name: now?.name ?? person.name,
        userName: now?.userName ?? null,
        scimId: person.scimId,
        uid,
        login,
        via: via.length > 0 ? via : (person.via ?? now?.via ?? []),
        sudo,
        sudoVia: sudo ? sudoVia : [],
      },
    ];
  });
  return found.sort((a, b) => compare(a.name, b.name));
}

function begin(scimId: string, name: string): Aspects {
  return {
    scimId,
    name,
    isOpen: undefined,
    keys: undefined,
    via: undefined,
    groups: new Map(),
    decided: new Set(),
  };
}

/** @param row the newest comes first, so of those after the time the last one that is seen is the next one. */
function note(people: Map<string, Aspects>, scimId: string, row: HistoryRow, at: number): void {
  const person = people.get(scimId) ?? begin(scimId, '');
  people.set(scimId, person);
  const [kind = ''] = row.kind.split(':');
  const isPast = row.at <= at;
  const tell = <T>(aspect: string, told: Told<T>, set: (value: T) => void): void => {
    if (person.decided.has(aspect)) return;
    const value = isPast ? told.after : told.before;
    if (value !== undefined) set(value);
    if (isPast) person.decided.add(aspect);
  };
  if (kind.startsWith('account-') || kind.startsWith('keys-')) person.name ||= row.name;
  const open = OPENS.get(kind);
  if (open !== undefined) tell('account', open, (value) => (person.isOpen = value));
  if (row.detail?.via !== undefined)
    tell('via', { after: row.detail.via, before: undefined }, (value) => (person.via = value));
  if (kind === 'keys-write') tell('keys', readKeys(row), (value) => (person.keys = value));
  if (kind === 'keys-remove') tell('keys', { after: 0, before: null }, (value) => (person.keys = value));
  if (kind === 'member-add' || kind === 'member-remove') {
    const after = kind === 'member-add';
    tell(`group ${row.name}`, { after, before: !after }, (value) => person.groups.set(row.name, value));
  }
}

const OPENS: ReadonlyMap<string, Told<boolean>> = new Map([
  ['account-create', { after: true, before: false }],
  ['account-reopen', { after: true, before: false }],
  ['account-close', { after: false, before: true }],
  ['account-remove', { after: false, before: false }],
]);

/** The reason of a person's first key says that it is the first (plan/plan-keys.ts). */
function readKeys({ detail, because }: HistoryRow): Told<Keys> {
  return { after: detail?.until ?? null, before: because.startsWith('first key') ? 0 : null };
}

function latestKey(now: PersonRow | null): Keys {
  if (now === null || now.keys.length === 0) return 0;
  const times = now.keys.map(({ expiresAt }) => expiresAt ?? Infinity);
  const latest = Math.max(...times);
  return latest === Infinity ? null : latest;
}

function groupsAt({ groups }: Aspects, now: PersonRow | null): string[] {
  const present = new Set(now?.groups);
  for (const [name, isMember] of groups) {
    if (isMember) present.add(name);
    else present.delete(name);
  }
  return [...present].sort();
}

/** Who had a rule by the newest change of the sudoers file up to that time; null: none tells. */
function findSudoers(history: readonly HistoryRow[], at: number): ((uid: number) => boolean) | null {
  const row = history.find(
    ({ kind, at: done, problem }) => kind.startsWith('sudoers-') && done <= at && problem === null,
  );
  const detail = row?.detail;
  if (detail?.sudo === undefined) return null;
  const uids = new Set(detail.sudo);
  const ends = detail.sudoEnds ?? {};
  return (uid) => uids.has(uid) && (ends[String(uid)] ?? Infinity) > at;
}
