// What the node's files say, line by line, and what of it is in use by others than the accounts of the ledger.
import type { IdRange, InUse, Location } from '../policy/in-use.ts';
import type { KnownAccount, KnownGroup } from '../policy/model.ts';

interface AccountLine {
  readonly name: string;
  /** uid or gid; null: none can be told. */
  readonly id: number | null;
  readonly location: Location;
  /** Whether getpwnam(3) or getgrnam(3) answers with it where no earlier line has the name. */
  readonly resolves: boolean;
}

/** Plain data of `host/`: every line, also those that a strict parser skips. */
export interface AccountLines {
  readonly passwd: readonly (AccountLine & { readonly gid: number | null })[];
  readonly group: readonly (AccountLine & { readonly members: readonly string[] })[];
  /** Members and administrators that group and gshadow list. */
  readonly listed: readonly { readonly members: readonly string[]; readonly location: Location }[];
  /** Names that shadow, subuid, subgid, cron, at or logind know. */
  readonly names: ReadonlyMap<string, Location>;
  /** Names of groups that gshadow knows. */
  readonly groupNames: ReadonlyMap<string, Location>;
  /** Uids that have at jobs or own ranges. */
  readonly uids: ReadonlyMap<number, Location>;
  readonly uidRanges: readonly IdRange[];
  readonly gidRanges: readonly IdRange[];
}

export const NO_LINES: AccountLines = {
  passwd: [],
  group: [],
  listed: [],
  names: new Map(),
  groupNames: new Map(),
  uids: new Map(),
  uidRanges: [],
  gidRanges: [],
};

/** What is managed: the ids by name that the ledger binds, and accounts of the managed group that it does not. */
export interface Managed {
  readonly accounts: ReadonlyMap<string, number>;
  readonly groups: ReadonlyMap<string, number>;
  readonly unbound: ReadonlyMap<string, number>;
  /** Names that another program publishes here: a group that lists one means that account. */
  readonly published: ReadonlySet<string>;
}

/** What no newcomer gets. */
export function findInUse(lines: AccountLines, managed: Managed): Omit<InUse, 'homes'> {
  const isKnown = (name: string): boolean => managed.accounts.has(name) || managed.unbound.has(name);
  const names = new Map<string, Location>();
  const uids = new Map<number, Location>();
  const groups = new Map<string, Location>();
  const gids = new Map<number, Location>();
  const managedGids = new Set(managed.groups.values());
  const managedUids = new Set([...managed.accounts.values(), ...managed.unbound.values()]);
  for (const { name, id, gid, location } of lines.passwd) {
    if (isManagedLine(name, id, managed)) continue;
    addOnce(names, name, location);
    if (id !== null) addOnce(uids, id, location);
    if (gid !== null && !managedGids.has(gid)) addOnce(gids, gid, location);
  }
  for (const { name, id, location } of lines.group) {
    if (managed.groups.get(name) === id) continue;
    addOnce(groups, name, location);
    if (id !== null) addOnce(gids, id, location);
  }
  for (const { members, location } of lines.listed) {
    for (const name of members)
      if (!isKnown(name) && !managed.published.has(name)) addOnce(names, name, location);
  }
  for (const [name, location] of lines.names) if (!isKnown(name)) addOnce(names, name, location);
  for (const [name, location] of lines.groupNames)
    if (!managed.groups.has(name)) addOnce(groups, name, location);
  for (const [uid, location] of lines.uids) if (!managedUids.has(uid)) addOnce(uids, uid, location);
  return { names, uids, uidRanges: lines.uidRanges, groups, gids, gidRanges: lines.gidRanges };
}

/**
 * Accounts that the node resolves and that no map by name can hold: a second line of a name, a line of six fields. A
 * further line of a managed name is none: getpwnam(3) answers with the first.
 */
export function listOddAccounts({ passwd }: AccountLines, managed: Managed): KnownAccount[] {
  const seen = new Set<string>();
  return passwd.flatMap(({ name, id, resolves }) => {
    if (!resolves || id === null) return [];
    const isFirst = !seen.has(name);
    seen.add(name);
    const isOfLedger = managed.accounts.has(name) || managed.unbound.has(name);
    return isManagedLine(name, id, managed) || (isOfLedger && !isFirst) ? [] : [{ name, uid: id }];
  });
}

/** The same for groups. */
export function listOddGroups({ group }: AccountLines, { groups }: Managed): KnownGroup[] {
  const seen = new Set<string>();
  return group.flatMap(({ name, id, resolves, members }) => {
    if (!resolves || id === null) return [];
    const isFirst = !seen.has(name);
    seen.add(name);
    return groups.get(name) === id || (groups.has(name) && !isFirst) ? [] : [{ name, gid: id, members }];
  });
}

function isManagedLine(name: string, id: number | null, { accounts, unbound }: Managed): boolean {
  return id !== null && (accounts.get(name) === id || unbound.get(name) === id);
}

function addOnce<K>(map: Map<K, Location>, key: K, location: Location): void {
  if (!map.has(key)) map.set(key, location);
}
