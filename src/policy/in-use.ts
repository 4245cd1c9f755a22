// Names and ids that this node's files have for others, each with its location: never granted anew.

/** Where it stands, for the operator: `/etc/passwd:12`, or a path. */
export type Location = string;

/** Ids that `/etc/subuid` or `/etc/subgid` give to a user, both ends included. */
export interface IdRange {
  readonly low: number;
  readonly high: number;
  readonly location: Location;
}

/**
 * What may not be granted to a newcomer, because some line or file of this node has it and the ledger does not bind it
 * to the same name and id. Names of accounts and of groups are apart, as they are to every program that compares them.
 */
export interface InUse {
  readonly names: ReadonlyMap<string, Location>;
  readonly uids: ReadonlyMap<number, Location>;
  readonly uidRanges: readonly IdRange[];
  readonly groups: ReadonlyMap<string, Location>;
  readonly gids: ReadonlyMap<number, Location>;
  readonly gidRanges: readonly IdRange[];
  /** Names of the accounts of others, by their homes: who comes first makes the directory. */
  readonly homes: ReadonlyMap<string, string>;
}

export const NOTHING_IN_USE: InUse = {
  names: new Map(),
  uids: new Map(),
  uidRanges: [],
  groups: new Map(),
  gids: new Map(),
  gidRanges: [],
  homes: new Map(),
};

/** The location that has a uid, or a range around it; null: it is free. */
export function findUidInUse(uid: number, { uids, uidRanges }: InUse): Location | null {
  return uids.get(uid) ?? findRange(uid, uidRanges);
}

/** The same for a gid. */
export function findGidInUse(gid: number, { gids, gidRanges }: InUse): Location | null {
  return gids.get(gid) ?? findRange(gid, gidRanges);
}

function findRange(id: number, ranges: readonly IdRange[]): Location | null {
  return ranges.find(({ low, high }) => low <= id && id <= high)?.location ?? null;
}
