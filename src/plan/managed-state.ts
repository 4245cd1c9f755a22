// Which accounts and groups of a host are managed, and which are foreign: the ledger decides.
import type { Config } from '../config/config.ts';
import { isCanary } from '../policy/groups/canary.ts';
import type { InUse } from '../policy/in-use.ts';
import type {
  Binding,
  DesiredState,
  KnownAccount,
  NodeFacts,
  PublishedAccount,
  UnboundAccount,
} from '../policy/model.ts';
import type { GroupEntry } from '../policy/posix.ts';
import { findInUse, listOddAccounts, listOddGroups, type Managed } from './account-lines.ts';
import type { ActualAccount, ActualState } from './actual.ts';
import type { AccountsOnHost, ForeignPublication, HostState } from './host-state.ts';

/** What policy must know of this node: the host with what the ledger binds left out. */
export function readNodeFacts(host: HostState, bindings: readonly Binding[], config: Config): NodeFacts {
  const { own, others, published, lines, node } = host;
  const managed = { name: config.accounts.primary_group, gid: config.accounts.primary_gid };
  const accounts = new Map<string, number>();
  const groups = new Map<string, number>();
  for (const { kind, name, id } of bindings) (kind === 'account' ? accounts : groups).set(name, id);
  groups.set(managed.name, managed.gid);
  const members = new Set(own.groups.get(managed.name)?.members);
  const foreignAccounts = listAccounts(others);
  const unbound: UnboundAccount[] = [];
  const inherited: UnboundAccount[] = [];
  for (const { entry } of own.accounts.values()) {
    const { name, uid, gid, dir } = entry;
    if (accounts.get(name) === uid) continue;
    // The canary is in the managed group by this program's own doing, and a local account all the same.
    if ((gid === managed.gid || members.has(name)) && !isCanary(entry)) unbound.push({ name, uid, gid, dir });
    // In a publication, a line outside of the managed group is one that a former publisher had (policy/inherited/).
    else if (others !== null) inherited.push({ name, uid, gid, dir });
    else foreignAccounts.push({ name, uid });
  }
  const unboundGroups = [...own.groups.values()].filter(({ name, gid }) => groups.get(name) !== gid);
  const isOfPublisher = ({ name, gid }: GroupEntry): boolean =>
    others !== null && name !== managed.name && gid !== managed.gid;
  const present: Managed = {
    accounts,
    groups,
    unbound: new Map(unbound.map(({ name, uid }) => [name, uid])),
    published: new Set([...(published?.accounts.keys() ?? []), ...inherited.map(({ name }) => name)]),
  };
  const strict = others ?? own;
  for (const account of listOddAccounts(lines, present))
    if (strict.accounts.get(account.name)?.entry.uid !== account.uid) foreignAccounts.push(account);
  return {
    ...node,
    foreignAccounts,
    foreignGroups: [
      ...(others?.groups.values() ?? []),
      ...unboundGroups.filter((group) => !isOfPublisher(group)),
      ...listOddGroups(lines, present).filter(({ name, gid }) => strict.groups.get(name)?.gid !== gid),
    ].map(({ name, gid, members: listed }) => ({ name, gid, members: listed })),
    inUse: addOdd(findInUse(lines, present), published),
    keyFiles: host.keyFiles,
    homes: host.homes,
    unbound,
    published: joinPublished(published, inherited, unboundGroups.filter(isOfPublisher)),
  };
}

/** Where a file of the node has it as well, that location is named. */
function addOdd(inUse: InUse, published: ForeignPublication | null): InUse {
  if (published === null) return inUse;
  const { names, uids, groups, gids } = published.odd;
  return {
    ...inUse,
    names: new Map([...names, ...inUse.names]),
    uids: new Map([...uids, ...inUse.uids]),
    groups: new Map([...groups, ...inUse.groups]),
    gids: new Map([...gids, ...inUse.gids]),
  };
}

/** What this node still publishes counts before what the former publisher has now. */
function joinPublished(
  found: AccountsOnHost | null,
  inherited: readonly UnboundAccount[],
  groups: readonly GroupEntry[],
): NodeFacts['published'] {
  if (found === null && inherited.length === 0 && groups.length === 0) return null;
  const accounts = new Map<string, PublishedAccount>();
  for (const { entry } of found?.accounts.values() ?? []) {
    const { name, uid, gid, dir } = entry;
    accounts.set(name, { name, uid, gid, dir, isDecided: false });
  }
  for (const account of inherited) accounts.set(account.name, { ...account, isDecided: false });
  const byName = new Map([...(found?.groups.values() ?? []), ...groups].map((group) => [group.name, group]));
  return { accounts: [...accounts.values()], groups: [...byName.values()] };
}

function listAccounts(found: AccountsOnHost | null): KnownAccount[] {
  return [...(found?.accounts.values() ?? [])].map(({ entry: { name, uid } }) => ({ name, uid }));
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
  const accounts = new Map<string, ActualAccount>();
  const groups = new Map<string, GroupEntry>();
  for (const { kind, name, id } of [...bindings, ...desired.bindings]) {
    const account = kind === 'account' ? found.accounts.get(name) : undefined;
    if (account?.entry.uid === id) accounts.set(name, account);
    const group = kind === 'group' ? found.groups.get(name) : undefined;
    if (group?.gid === id) groups.set(name, group);
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

/** Beside another publisher, what that one has stands in for what this program would write, so that a plan shows the difference. */
function findPlace({ own, published }: HostState, config: Config): AccountsOnHost {
  if (config.mode !== 'observe' || published === null) return own;
  return {
    accounts: new Map([...published.accounts, ...own.accounts]),
    groups: new Map([...published.groups, ...own.groups]),
  };
}
