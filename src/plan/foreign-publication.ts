// What a former or another publisher's accounts and groups keep from newcomers, beside those that have a line of their own; pure.
import type { InUse, Location } from '../policy/in-use.ts';
import type { UnboundAccount } from '../policy/model.ts';
import type { GroupEntry } from '../policy/posix.ts';
import type { AccountLines } from './account-lines.ts';
import type { ActualAccount } from './actual.ts';
import type { AccountsOnHost, ForeignPublication } from './host-state.ts';

export interface PublicationQuestion {
  /** null: no other program publishes here. */
  readonly published: ForeignPublication | null;
  /** What this node goes on publishing for a former publisher. */
  readonly carried: { readonly accounts: readonly UnboundAccount[]; readonly groups: readonly GroupEntry[] };
  /** The node's own account files; null: the managed accounts are not among them. */
  readonly local: AccountsOnHost | null;
  /** Gids of managed groups, by name. */
  readonly groups: ReadonlyMap<string, number>;
}

export interface JudgedPublication {
  /** Accounts that the node resolves by this publication. */
  readonly accounts: ReadonlyMap<string, ActualAccount>;
  readonly inUse: Pick<InUse, 'names' | 'uids' | 'groups' | 'gids'>;
  /** Members of groups, but of managed ones: who gets such a name is in the group. */
  readonly listed: AccountLines['listed'];
}

const CARRIED: Location = 'published for a former publisher';

export function judgePublication(question: PublicationQuestion): JudgedPublication {
  const { published, carried, groups } = question;
  const names = new Map(published?.odd.names);
  const uids = new Map(published?.odd.uids);
  const { accounts, hidden } = partHidden(question);
  for (const { name, uid } of hidden) {
    names.set(name, '/etc/passwd.cache');
    uids.set(uid, '/etc/passwd.cache');
  }
  const gids = new Map(published?.odd.gids);
  // The primary group of an account gives it what that group is given, members or not.
  const known = new Set(groups.values());
  for (const { gid } of [...(published?.groups.values() ?? []), ...carried.groups]) known.add(gid);
  const primary = [
    ...(published?.primaryGids ?? []),
    ...carried.accounts.map(({ gid }) => [gid, CARRIED] as const),
  ];
  for (const [gid, location] of primary) if (!known.has(gid)) gids.set(gid, location);
  const listed = (published?.listed ?? []).filter(({ group, gid }) => groups.get(group) !== gid);
  return {
    accounts,
    inUse: { names, uids, groups: published?.odd.groups ?? new Map(), gids },
    listed: [...listed, ...carried.groups.map(({ members }) => ({ members, location: CARRIED }))],
  };
}

/** Where the node's own files answer first, a line with a name or uid of theirs means nothing for those who have them. */
function partHidden({ published, local }: PublicationQuestion): {
  readonly accounts: ReadonlyMap<string, ActualAccount>;
  readonly hidden: readonly { readonly name: string; readonly uid: number }[];
} {
  if (published === null) return { accounts: new Map(), hidden: [] };
  if (local === null || !published.isAfterFiles) return { accounts: published.accounts, hidden: [] };
  const names = new Map<number, string>();
  for (const { entry } of local.accounts.values()) names.set(entry.uid, entry.name);
  const isHidden = ({ entry: { name, uid } }: ActualAccount): boolean =>
    (local.accounts.get(name)?.entry.uid ?? uid) !== uid || (names.get(uid) ?? name) !== name;
  const all = [...published.accounts];
  return {
    accounts: new Map(all.filter(([, account]) => !isHidden(account))),
    hidden: all.flatMap(([, account]) => (isHidden(account) ? [account.entry] : [])),
  };
}
