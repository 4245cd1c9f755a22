// Accounts and groups of a former publisher (nsscache) that no record of the store takes over: they are published as before.
import type { Config } from '../../config/config.ts';
import { compare } from '../../common/text/compare.ts';
import { DISABLED_SHELL } from '../accounts.ts';
import type {
  Binding,
  DesiredAccount,
  DesiredState,
  Leftover,
  NodeFacts,
  PublishedAccount,
} from '../model.ts';
import type { GroupEntry, PasswdEntry } from '../posix.ts';

/** One line of the former publication, as it stood there. */
export interface InheritedLine {
  readonly kind: 'account' | 'group';
  readonly name: string;
  /** uid of an account, gid of a group. */
  readonly id: number;
  /** The line of passwd(5) or group(5), in latin1. */
  readonly line: string;
  /** The account's line of sshkey.cache, in latin1; null: it has none, or it is a group. */
  readonly keys: string | null;
}

/**
 * What an operator decided at the takeover: `keep` it is published as before; `retire` it is disabled, and
 * removed once accounts.retention is over; `drop` it is no longer published; `undecided` as `keep`, and reported.
 */
export const FATES = ['undecided', 'keep', 'retire', 'drop'] as const;
export type Fate = (typeof FATES)[number];

export interface InheritedRow extends InheritedLine {
  readonly fate: Fate;
  /** Epoch seconds of the decision. */
  readonly decidedAt: number;
  /** The operator. */
  readonly by: string;
}

/** A line to publish unchanged. */
export interface CarriedLine extends InheritedLine {
  /** Published with the shell and the expiry of a disabled account instead, and without keys. */
  readonly isDisabled: boolean;
}

export interface InheritedInput {
  readonly rows: readonly InheritedRow[];
  /** What the former publisher has on this node now. */
  readonly found: readonly InheritedLine[];
  /** What this node publishes itself. */
  readonly own: {
    readonly accounts: ReadonlyMap<string, { readonly entry: PasswdEntry }>;
    readonly groups: ReadonlyMap<string, GroupEntry>;
  };
  readonly bindings: readonly Binding[];
  readonly facts: NodeFacts;
  readonly config: Config;
  /** Epoch seconds. */
  readonly now: number;
}

/**
 * The facts with what was decided: a dropped line is in the way of no one, and every other one keeps its name and id.
 * A line that the ledger has taken over, or whose name or id it binds to a person, is none any more.
 */
export function addDecisions(
  facts: NodeFacts,
  rows: readonly InheritedRow[],
  bindings: readonly Binding[],
): NodeFacts {
  if (rows.length === 0) return facts;
  const isTaken = findTaken(bindings);
  const live = new Map(rows.filter((row) => !isTaken(row)).map((row) => [toKey(row), row]));
  const fateOf = (kind: InheritedLine['kind'], name: string, id: number): Fate | undefined =>
    live.get(toKey({ kind, name, id }))?.fate;
  const accounts = new Map<string, PublishedAccount>();
  for (const { kind, name, id, line, fate } of live.values()) {
    const [, , , gid = '', , dir = ''] = line.split(':');
    if (kind === 'account')
      accounts.set(name, { name, uid: id, gid: Number(gid), dir, isDecided: isFinal(fate) });
  }
  for (const account of facts.published?.accounts ?? []) {
    const fate = fateOf('account', account.name, account.uid);
    accounts.set(account.name, fate === undefined ? account : { ...account, isDecided: isFinal(fate) });
  }
  return {
    ...facts,
    unbound: facts.unbound.filter(({ name, uid }) => fateOf('account', name, uid) === undefined),
    published: {
      accounts: [...accounts.values()].filter(({ name, uid }) => fateOf('account', name, uid) !== 'drop'),
      groups: (facts.published?.groups ?? []).filter(
        ({ name, gid }) => fateOf('group', name, gid) !== 'drop',
      ),
    },
  };
}

/**
 * Completes the desired state of a publisher: a line of the former publisher stays as it is where neither the ledger nor
 * this node has its name or id, unless an operator decided otherwise.
 */
export function carryInherited(desired: DesiredState, input: InheritedInput): DesiredState {
  const { rows, found, own, facts, config, now } = input;
  const lines = new Map<string, InheritedLine | InheritedRow>();
  for (const line of [...found, ...rows]) lines.set(toKey(line), line);
  const groups = desired.groups.map(({ name, gid }) => ({ kind: 'group', name, id: gid }) as const);
  const isTaken = findTaken([...input.bindings, ...desired.bindings, ...groups]);
  const local = {
    account: new Set(facts.foreignAccounts.map(({ name }) => name)),
    group: new Set(facts.foreignGroups.map(({ name }) => name)),
  };
  const bound = new Set([...input.bindings, ...desired.bindings].map(toKey));
  const isBound = (line: InheritedLine): boolean => bound.has(toKey(line));
  const nameId = createIds(input.bindings, desired);
  const carried: CarriedLine[] = [];
  const retired: DesiredAccount[] = [];
  const leftovers = new Map<string, Leftover>();
  for (const line of lines.values()) {
    const { kind, name, id } = line;
    const fate = 'fate' in line ? line.fate : 'undecided';
    const ownId = kind === 'account' ? own.accounts.get(name)?.entry.uid : own.groups.get(name)?.gid;
    // Id 0 is root's whatever its name, and a local name answers first.
    if (id === 0 || local[kind].has(name) || (ownId ?? id) !== id) continue;
    const isOver = 'fate' in line && fate === 'retire' && now >= line.decidedAt + config.accounts.retention;
    const isLeaving = fate === 'drop' || isOver;
    // A person may have the uid of a dropped account in this very sync.
    if (isBound(line) || (isTaken(line) && !(isLeaving && ownId === id))) continue;
    if (kind === 'account') {
      const scimId = nameId(name);
      if (fate === 'retire' && !isOver) retired.push(retire(scimId, line, own.accounts.get(name)?.entry));
      else leftovers.set(name, { scimId, kind, name, fate: isLeaving ? 'drop' : 'leave' });
    } else if (isLeaving && ownId === id) {
      leftovers.set(`group ${name}`, { scimId: nameId(name), kind, name, fate: 'drop' });
    }
    if (isLeaving || ownId !== undefined) continue;
    carried.push({ kind, name, id, line: line.line, keys: line.keys, isDisabled: fate === 'retire' });
  }
  // What this node has published for the former publisher stays, keys included, also where only this node knows it.
  for (const { name, uid } of facts.published?.accounts ?? []) {
    const isOwn = own.accounts.get(name)?.entry.uid === uid;
    if (!isOwn || leftovers.has(name) || isTaken({ kind: 'account', name, id: uid })) continue;
    if (retired.some(({ entry }) => entry.name === name)) continue;
    leftovers.set(name, { scimId: nameId(name), kind: 'account', name, fate: 'leave' });
  }
  return complete(desired, carried, retired, [...leftovers.values()]);
}

function complete(
  desired: DesiredState,
  carried: readonly CarriedLine[],
  retired: readonly DesiredAccount[],
  leftovers: readonly Leftover[],
): DesiredState {
  const { managedGroup, accounts } = desired;
  const members = [...managedGroup.members, ...retired.map(({ entry }) => entry.name)].sort(compare);
  return {
    ...desired,
    managedGroup: { ...managedGroup, members },
    accounts: [...accounts, ...retired].sort((a, b) => compare(a.entry.name, b.entry.name)),
    leftovers: [...desired.leftovers, ...leftovers],
    carried: [...carried].sort((a, b) => compare(toKey(a), toKey(b))),
  };
}

function retire(
  scimId: string,
  { name, id, line }: InheritedLine,
  own: PasswdEntry | undefined,
): DesiredAccount {
  const [, , , gid = '', gecos = '', dir = ''] = line.split(':');
  const entry = own ?? { name, uid: id, gid: Number(gid), gecos, dir, shell: DISABLED_SHELL };
  return {
    scimId,
    entry: { ...entry, shell: DISABLED_SHELL },
    disabled: 'retired',
    credentials: [],
    extension: null,
    needsManagedGroup: true,
  };
}

/** Whether the ledger has the name or id of a line, for the same person or another. */
function findTaken(
  bindings: readonly Pick<Binding, 'kind' | 'name' | 'id'>[],
): (line: Pick<InheritedLine, 'kind' | 'name' | 'id'>) => boolean {
  const names = new Set(bindings.map(({ kind, name }) => `${kind} ${name}`));
  const ids = new Set(bindings.map(({ kind, id }) => `${kind} ${id}`));
  return ({ kind, name, id }) => names.has(`${kind} ${name}`) || ids.has(`${kind} ${id}`);
}

/** Ids for what has no record: none that the store gave to anyone. */
function createIds(
  bindings: readonly Binding[],
  { accounts, leftovers }: DesiredState,
): (name: string) => string {
  const taken = new Set([...bindings, ...accounts, ...leftovers].map(({ scimId }) => scimId));
  return (name) => {
    let id = `inherited:${name}`;
    while (taken.has(id)) id = `${id}:`;
    return id;
  };
}

function isFinal(fate: Fate): boolean {
  return fate !== 'undecided';
}

function toKey({ kind, name, id }: Pick<InheritedLine, 'kind' | 'name' | 'id'>): string {
  return `${kind} ${name} ${id}`;
}
