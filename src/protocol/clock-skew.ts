// How far the clocks of this node and of the store may differ, and what follows for the window of a delta.

/** A clock further off the store's than this confirms no record and opens no window, in milliseconds. */
export const MAX_SKEW_MS = 300_000;

/** Times have whole seconds, and stores have replicas that lag. */
const LAG_MS = 120_000;

/** Overlap of two deltas, in milliseconds: the clock that stamps `meta.lastModified` may be off as far as is tolerated. */
export const OVERLAP_MS = MAX_SKEW_MS + LAG_MS;

/** Whether a difference of the clocks is tolerated; null: the store sends no `Date`. */
export function isTolerated(skew: number | null): boolean {
  return skew === null || Math.abs(skew) <= MAX_SKEW_MS;
}
