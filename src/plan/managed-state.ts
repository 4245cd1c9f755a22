// Which accounts and groups of a host are managed, and which are foreign: the ledger decides.
import type { Config } from '../config/config.ts';
import { isCanary } from '../policy/groups/canary.ts';
import type { Location } from '../policy/in-use.ts';
import type {
  Binding,
  DesiredState,
  KnownAccount,
  KnownGroup,
  NodeFacts,
  PublishedAccount,
  UnboundAccount,
} from '../policy/model.ts';
import type { GroupEntry, PasswdEntry } from '../policy/posix.ts';
import { findInUse, listOddAccounts, listOddGroups, type Managed } from './account-lines.ts';
import type { ActualAccount, ActualState } from './actual.ts';
import { judgePublication, type JudgedPublication } from './foreign-publication.ts';
import type { AccountsOnHost, HostState } from './host-state.ts';

/** What policy must know of this node: the host with what the ledger binds left out. */
export function readNodeFacts(host: HostState, bindings: readonly Binding[], config: Config): NodeFacts {
  const { own, others, published, lines, node } = host;
  const managed = { name: config.accounts.primary_group, gid: config.accounts.primary_gid };
  const accounts = new Map<string, number>();
  const groups = new Map<string, number>();
  for (const { kind, name, id } of bindings) (kind === 'account' ? accounts : groups).set(name, id);
  groups.set(managed.name, managed.gid);
  for (const { name, uid } of listFormerLines(host, bindings, config)) accounts.set(name, uid);
  const { foreign, unbound, inherited } = sortAccounts(host, accounts, config);
  const unboundGroups = [...own.groups.values()].filter(({ name, gid }) => groups.get(name) !== gid);
  const isOfPublisher = ({ name, gid }: GroupEntry): boolean =>
    others !== null && name !== managed.name && gid !== managed.gid;
  const carriedGroups = unboundGroups.filter(isOfPublisher);
  const judged = judgePublication({
    published,
    carried: { accounts: inherited, groups: carriedGroups },
    local: others === null ? own : null,
    groups,
  });
  const present: Managed = {
    accounts,
    groups,
    unbound: new Map(unbound.map(({ name, uid }) => [name, uid])),
    published: new Set([...judged.accounts.keys(), ...inherited.map(({ name }) => name)]),
  };
  const strict = others ?? own;
  const foreignAccounts: KnownAccount[] = foreign.map(({ name, uid }) => ({ name, uid }));
  for (const account of listOddAccounts(lines, present))
    if (strict.accounts.get(account.name)?.entry.uid !== account.uid) foreignAccounts.push(account);
  const publication = joinPublished(
    { ...judged, groups: published?.groups ?? null },
    inherited,
    carriedGroups,
  );
  return {
    ...node,
    privilegedGids: addNamed(node, publication?.groups ?? [], groups),
    foreignAccounts,
    foreignGroups: [
      ...(others?.groups.values() ?? []),
      ...unboundGroups.filter((group) => !isOfPublisher(group)),
      ...listOddGroups(lines, present).filter(({ name, gid }) => strict.groups.get(name)?.gid !== gid),
    ].map(({ name, gid, members: listed }) => ({ name, gid, members: listed })),
    inUse: {
      ...joinInUse(findInUse({ ...lines, listed: [...lines.listed, ...judged.listed] }, present), judged),
      homes: new Map([...(publication?.accounts ?? []), ...foreign].map(({ name, dir }) => [dir, name])),
    },
    keyFiles: host.keyFiles,
    homes: host.homes,
    unbound,
    published: publication,
  };
}

interface SortedAccounts {
  readonly foreign: readonly PasswdEntry[];
  readonly unbound: readonly UnboundAccount[];
  /** In a publication, a line outside of the managed group is one that a former publisher had (policy/inherited/). */
  readonly inherited: readonly UnboundAccount[];
}

/** @param managed uids by name. */
function sortAccounts(
  { own, others }: HostState,
  managed: ReadonlyMap<string, number>,
  config: Config,
): SortedAccounts {
  const isMarked = makeMarkTest(own, config);
  const foreign = [...(others?.accounts.values() ?? [])].map(({ entry }) => entry);
  const unbound: UnboundAccount[] = [];
  const inherited: UnboundAccount[] = [];
  for (const { entry } of own.accounts.values()) {
    const { name, uid, gid, dir } = entry;
    if (managed.get(name) === uid) continue;
    if (isMarked(entry)) unbound.push({ name, uid, gid, dir });
    else if (others !== null) inherited.push({ name, uid, gid, dir });
    else foreign.push(entry);
  }
  return { foreign, unbound, inherited };
}

/** Whether a line is in the managed group. The canary is there by this program's own doing, and a local account all the same. */
function makeMarkTest(own: AccountsOnHost, { accounts }: Config): (entry: PasswdEntry) => boolean {
  const members = new Set(own.groups.get(accounts.primary_group)?.members);
  return (entry) => (entry.gid === accounts.primary_gid || members.has(entry.name)) && !isCanary(entry);
}

/**
 * Lines of managed accounts that still have the name of before a rename: the ledger says it first, and the host may not have
 * followed, as after a kill, or while the guard holds it.
 */
function listFormerLines(
  { own }: Pick<HostState, 'own'>,
  bindings: readonly Binding[],
  config: Config,
): readonly PasswdEntry[] {
  const missing = new Set<number>();
  for (const { kind, name, id } of bindings)
    if (kind === 'account' && !own.accounts.has(name)) missing.add(id);
  if (missing.size === 0) return [];
  const isMarked = makeMarkTest(own, config);
  const bound = new Set(bindings.flatMap(({ kind, name }) => (kind === 'account' ? [name] : [])));
  return [...own.accounts.values()].flatMap(({ entry }) =>
    missing.has(entry.uid) && !bound.has(entry.name) && isMarked(entry) ? [entry] : [],
  );
}

/** Where a file of the node has it as well, that location is named. */
function joinInUse<T extends JudgedPublication['inUse']>(inUse: T, { inUse: more }: JudgedPublication): T {
  return {
    ...inUse,
    names: new Map([...more.names, ...inUse.names]),
    uids: new Map([...more.uids, ...inUse.uids]),
    groups: new Map([...more.groups, ...inUse.groups]),
    gids: new Map([...more.gids, ...inUse.gids]),
  };
}

/** What has power by a group's name has it by the gid that another publisher gives that name. */
function addNamed(
  { privilegedGids, privilegedGroups }: HostState['node'],
  groups: readonly KnownGroup[],
  managed: ReadonlyMap<string, number>,
): NodeFacts['privilegedGids'] {
  const added = groups.flatMap(({ name, gid }): [number, Location][] => {
    const location = managed.get(name) === gid ? undefined : privilegedGroups.get(name);
    return location === undefined ? [] : [[gid, location]];
  });
  return added.length === 0 ? privilegedGids : new Map([...added, ...privilegedGids]);
}

/** What this node still publishes counts before what the former publisher has now. */
function joinPublished(
  found: {
    readonly accounts: ReadonlyMap<string, ActualAccount>;
    readonly groups: ReadonlyMap<string, GroupEntry> | null;
  },
  inherited: readonly UnboundAccount[],
  groups: readonly GroupEntry[],
): NodeFacts['published'] {
  if (found.groups === null && inherited.length === 0 && groups.length === 0) return null;
  const accounts = new Map<string, PublishedAccount>();
  for (const { entry } of found.accounts.values()) {
    const { name, uid, gid, dir } = entry;
    accounts.set(name, { name, uid, gid, dir, isDecided: false });
  }
  for (const account of inherited) accounts.set(account.name, { ...account, isDecided: false });
  const byName = new Map([...(found.groups?.values() ?? []), ...groups].map((group) => [group.name, group]));
  return { accounts: [...accounts.values()], groups: [...byName.values()] };
}

/**
 * The managed part of the host: accounts and groups that the ledger binds, or is about to bind, and that are there under
 * that very id, and the managed group.
 */
export function readActualState(
  host: HostState,
  bindings: readonly Binding[],
  desired: Pick<DesiredState, 'accounts' | 'bindings' | 'leftovers' | 'managedGroup'>,
  config: Config,
): ActualState {
  const found = findPlace(host, config);
  const odd = readOddLines(host);
  const accounts = new Map<string, ActualAccount>();
  const groups = new Map<string, GroupEntry>();
  for (const { kind, name, id } of [...bindings, ...desired.bindings]) {
    const account = kind === 'account' ? (found.accounts.get(name) ?? odd.get(`${name}:${id}`)) : undefined;
    if (account?.entry.uid === id) accounts.set(name, account);
    const group = kind === 'group' ? found.groups.get(name) : undefined;
    if (group?.gid === id) groups.set(name, group);
  }
  for (const { name } of listFormerLines({ own: found }, [...bindings, ...desired.bindings], config)) {
    const account = found.accounts.get(name);
    if (account !== undefined) accounts.set(name, account);
  }
  const managed = found.groups.get(desired.managedGroup.name);
  if (managed?.gid === desired.managedGroup.gid) groups.set(managed.name, managed);
  for (const { kind, name, fate } of desired.leftovers) {
    if (fate !== 'drop') continue;
    const account = kind === 'account' ? found.accounts.get(name) : undefined;
    if (account !== undefined) accounts.set(name, account);
    const group = kind === 'group' ? found.groups.get(name) : undefined;
    if (group !== undefined) groups.set(name, group);
  }
  for (const { entry, disabled } of desired.accounts) {
    const account = disabled === 'retired' ? found.accounts.get(entry.name) : undefined;
    if (account?.entry.uid === entry.uid) accounts.set(entry.name, account);
  }
  const { keyFiles, homes, sessions, jobs, offboarded, rootShells, sudoers } = host;
  return { accounts, groups, keyFiles, homes, sessions, jobs, offboarded, rootShells, sudoers };
}

/**
 * Lines that glibc resolves and a strict parser skips, as of six fields, by `name:uid`: with one the account is there, and is
 * to be disabled like any other.
 */
function readOddLines({ own, others, lines }: HostState): ReadonlyMap<string, ActualAccount> {
  const odd = others === null ? lines.passwd.filter((line) => !own.accounts.has(line.name)) : [];
  return new Map(
    odd.flatMap(({ name, id, gid, resolves }): [string, ActualAccount][] => {
      if (id === null || !resolves) return [];
      const entry = { name, uid: id, gid: gid ?? id, gecos: '', dir: '/', shell: '' };
      return [[`${name}:${id}`, { entry, expiryDay: null }]];
    }),
  );
}

/** Beside another publisher, what that one has stands in for what this program would write, so that a plan shows the difference. */
function findPlace({ own, published }: HostState, config: Config): AccountsOnHost {
  if (config.mode !== 'observe' || published === null) return own;
  return {
    accounts: new Map([...published.accounts, ...own.accounts]),
    groups: new Map([...published.groups, ...own.groups]),
  };
}
