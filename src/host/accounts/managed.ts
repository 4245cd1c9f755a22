// Which of the accounts and groups of a node are ours, and which are somebody else's.
import type { ActualAccount } from '../../plan/actual.ts';
import type { Binding, DesiredState, NodeFacts } from '../../policy/model.ts';
import type { GroupEntry } from '../../policy/posix.ts';
import type { AccountsOnHost } from './account-backend.ts';

/** The marker group, which is ours and yet in no ledger. */
export interface ManagedGroup {
  readonly name: string;
  readonly gid: number;
}

/** Accounts and groups that the ledger binds and that are there under that very id, and the marker. */
export function findBound(
  found: AccountsOnHost,
  bindings: readonly Binding[],
  marker: ManagedGroup,
): AccountsOnHost {
  const bound = matchBindings(found, bindings);
  const present = found.groups.get(marker.name);
  if (present?.gid === marker.gid) bound.groups.set(marker.name, present);
  return bound;
}

/** With them what is about to be bound, and marked ones that nobody knows and that are to be closed. */
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
 * Everybody else, and who bears our mark without being in the ledger.
 * @param own where ours are.
 * @param others elsewhere on the node; null: `own` has the node's as well.
 */
export function findOthers(
  own: AccountsOnHost,
  others: AccountsOnHost | null,
  bindings: readonly Binding[],
  marker: ManagedGroup,
): Others {
  const accounts = new Map<string, number>();
  const groups = new Map<string, number>();
  for (const { kind, name, id } of bindings) (kind === 'account' ? accounts : groups).set(name, id);
  groups.set(marker.name, marker.gid);
  const markerMembers = new Set(own.groups.get(marker.name)?.members);
  const foreignAccounts = listAccounts(others);
  const marked = [];
  for (const { entry } of own.accounts.values()) {
    const { name, uid, gid, dir } = entry;
    if (accounts.get(name) === uid) continue;
    // Where the node's own accounts stand elsewhere, every line is one that we made.
    if (others !== null || gid === marker.gid || markerMembers.has(name))
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
