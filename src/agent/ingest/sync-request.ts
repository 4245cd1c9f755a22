// What a sync has to read: everything, what changed, or some resources that the store named.
import { type ChangeNotice, MAX_NAMED } from '../../protocol/messages.ts';

/** `event`: the named resources alone. */
export type SyncMode = 'full' | 'delta' | 'event';

export type NamedResource = ChangeNotice['resources'][number];

export interface SyncRequest {
  readonly mode: SyncMode;
  /** Read one by one, whatever else is read; a full sync needs none. */
  readonly resources: readonly NamedResource[];
}

export const EVERYTHING: SyncRequest = { mode: 'full', resources: [] };

const RANK: Readonly<Record<SyncMode, number>> = { event: 0, delta: 1, full: 2 };

/** One order that does what both want. */
export function mergeRequests(one: SyncRequest, other: SyncRequest): SyncRequest {
  const mode = RANK[one.mode] >= RANK[other.mode] ? one.mode : other.mode;
  if (mode === 'full') return EVERYTHING;
  const named = new Map(
    [...one.resources, ...other.resources].map((named) => [`${named.kind} ${named.id}`, named]),
  );
  // A delta does not list what was deleted, so that too many names are no reason to forget some.
  if (named.size > MAX_NAMED) return EVERYTHING;
  return { mode, resources: [...named.values()] };
}
