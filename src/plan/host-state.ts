// What a host answers when it is read once: plain data, managed or not; planSync sorts it.
import type { InUse, Location } from '../policy/in-use.ts';
import type { InheritedLine } from '../policy/inherited/inherited.ts';
import type { NodeFacts } from '../policy/model.ts';
import type { GroupEntry } from '../policy/posix.ts';
import type { AccountLines } from './account-lines.ts';
import type { ActualAccount, ActualState } from './actual.ts';

/** What a set of account files says, by name; foreign lines included. */
export interface AccountsOnHost {
  readonly accounts: ReadonlyMap<string, ActualAccount>;
  readonly groups: ReadonlyMap<string, GroupEntry>;
}

/** What another program publishes for libnss-cache. */
export interface ForeignPublication extends AccountsOnHost {
  /** Its well-formed lines, each name once. */
  readonly lines: readonly InheritedLine[];
  /** What its other lines have: a second line of a name, a line of six fields. */
  readonly odd: Pick<InUse, 'names' | 'uids' | 'groups' | 'gids'>;
  /** Primary gids of all its lines. */
  readonly primaryGids: ReadonlyMap<number, Location>;
  /** Members of all its groups, who need not have accounts. */
  readonly listed: readonly {
    readonly group: string;
    readonly gid: number | null;
    readonly members: readonly string[];
    readonly location: Location;
  }[];
  /** Whether the node's own files answer first (`passwd: files cache`). */
  readonly isAfterFiles: boolean;
}

/** What of a node does not depend on the ledger. */
export type NodeTraits = Omit<
  NodeFacts,
  'foreignAccounts' | 'foreignGroups' | 'inUse' | 'keyFiles' | 'homes' | 'unbound' | 'published'
>;

export interface HostState extends Omit<ActualState, 'accounts' | 'groups'> {
  /** Where managed accounts and groups stand. */
  readonly own: AccountsOnHost;
  /** What else the node resolves, none of which is managed; null: `own` is all there is. */
  readonly others: AccountsOnHost | null;
  /** What another program publishes in the place from which this node resolves names; null: no other program does. */
  readonly published: ForeignPublication | null;
  /** What the node's own files say, line by line. */
  readonly lines: AccountLines;
  /** Name services besides the node's files, in the order of nsswitch.conf(5). */
  readonly services: readonly string[];
  readonly node: NodeTraits;
}
