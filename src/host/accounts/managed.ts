// Which accounts and groups of a node are managed by sunk-agent, and which are not.
import type { ActualAccount } from '../../plan/actual.ts';
import type { Binding, DesiredState, NodeFacts } from '../../policy/model.ts';
import type { GroupEntry } from '../../policy/posix.ts';
import type { AccountsOnHost } from './account-backend.ts';

/** The group of all managed accounts, which is in no ledger. */
export interface ManagedGroup {
  readonly name: string;
  readonly gid: number;
}

/** Accounts and groups that exist with the id that the ledger binds, and the managed group. */
export function findBound(
  found: AccountsOnHost,
  bindings: readonly Binding[],
  managedGroup: ManagedGroup,
): AccountsOnHost {
  const bound = matchBindings(found, bindings);
  const present = found.groups.get(managedGroup.name);
  if (present?.gid === managedGroup.gid) bound.groups.set(managedGroup.name, present);
  return bound;
}

/** Adds accounts and groups that will be bound, and unknown members of the managed group that will be disabled. */
export function addFresh(
  bound: AccountsOnHost,
  found: AccountsOnHost,
  { bindings, leftovers = [] }: Pick<DesiredState, 'bindings' | 'leftovers'>,
): AccountsOnHost {
  const fresh = matchBindings(found, bindings);
  for (const { kind, name, fate } of leftovers) {
    const account = kind === 'account' && fate === 'close' ? found.accounts.get(name) : undefined;
    if (account !== undefined) fresh.accounts.set(name, account);
  }
  return { accounts: extend(bound.accounts, fresh.accounts), groups: extend(bound.groups, fresh.groups) };
}

function matchBindings(found: AccountsOnHost, bindings: readonly Binding[]) {
  const accounts = new Map<string, ActualAccount>();
  const groups = new Map<string, GroupEntry>();
  for (const { kind, name, id } of bindings) {
    const account = kind === 'account' ? found.accounts.get(name) : undefined;
    if (account?.entry.uid === id) accounts.set(name, account);
    const group = kind === 'group' ? found.groups.get(name) : undefined;
    if (group?.gid === id) groups.set(name, group);
  }
  return { accounts, groups };
}

function extend<T>(known: ReadonlyMap<string, T>, more: ReadonlyMap<string, T>): ReadonlyMap<string, T> {
  return more.size === 0 ? known : new Map([...known, ...more]);
}

export type Others = Required<Pick<NodeFacts, 'foreignAccounts' | 'foreignGroups' | 'marked'>>;

/**
 * All unmanaged accounts and groups, and members of the managed group that are not in the ledger.
 * @param own accounts and groups of the backend.
 * @param others elsewhere on the node; null: `own` includes them.
 */
export function findOthers(
  own: AccountsOnHost,
  others: AccountsOnHost | null,
  bindings: readonly Binding[],
  managedGroup: ManagedGroup,
): Others {
  const accounts = new Map<string, number>();
  const groups = new Map<string, number>();
  for (const { kind, name, id } of bindings) (kind === 'account' ? accounts : groups).set(name, id);
  groups.set(managedGroup.name, managedGroup.gid);
  const managedMembers = new Set(own.groups.get(managedGroup.name)?.members);
  const foreignAccounts = listAccounts(others);
  const marked = [];
  for (const { entry } of own.accounts.values()) {
    const { name, uid, gid, dir } = entry;
    if (accounts.get(name) === uid) continue;
    // Where the node's own accounts are elsewhere, sunk-agent wrote every line.
    if (others !== null || gid === managedGroup.gid || managedMembers.has(name))
      marked.push({ name, uid, gid, dir });
    else foreignAccounts.push({ name, uid });
  }
  const foreignGroups = [
    ...(others?.groups.values() ?? []),
    ...[...own.groups.values()].filter(({ name, gid }) => groups.get(name) !== gid),
  ].map(({ name, gid, members }) => ({ name, gid, members }));
  return { foreignAccounts, foreignGroups, marked };
}

export function listAccounts(found: AccountsOnHost | null): { name: string; uid: number }[] {
  return [...(found?.accounts.values() ?? [])].map(({ entry: { name, uid } }) => ({ name, uid }));
}
