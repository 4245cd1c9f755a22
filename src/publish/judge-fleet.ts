// How a fleet stands against the generation that was published last; pure.
import type { Heartbeat, Heartbeats } from './heartbeats.ts';

/** A follower beats each half minute; after so many seconds it is stale. */
export const STALE_AFTER = 120;
/** A follower may be so many seconds behind a new generation before that is worth a word. */
const BEHIND_AFTER = 30;

export type Standing = 'current' | 'behind' | 'faulty' | 'stale';

export interface FollowerRow extends Heartbeat {
  readonly name: string;
  readonly standing: Standing;
}

export interface Fleet {
  /** Sorted: what needs a look first. */
  readonly followers: readonly FollowerRow[];
  readonly counts: Readonly<Record<Standing, number>>;
  readonly malformed: number;
  readonly isCut: boolean;
}

const ORDER: readonly Standing[] = ['faulty', 'behind', 'stale', 'current'];

/**
 * @param last serial and time of what was published last; null: not known, so no follower is behind.
 * @param now epoch seconds.
 */
export function judgeFleet(
  { followers, malformed, isCut }: Heartbeats,
  last: { readonly serial: number; readonly signedAt: number } | null,
  now: number,
): Fleet {
  const counts: Record<Standing, number> = { current: 0, behind: 0, faulty: 0, stale: 0 };
  const rows = [...followers].map(([name, heartbeat]): FollowerRow => {
    const standing = judge(heartbeat, last, now);
    counts[standing] += 1;
    return { ...heartbeat, name, standing };
  });
  rows.sort((a, b) => ORDER.indexOf(a.standing) - ORDER.indexOf(b.standing) || (a.name < b.name ? -1 : 1));
  return { followers: rows, counts, malformed, isCut };
}

function judge(
  { at, fault, serial }: Heartbeat,
  last: { readonly serial: number; readonly signedAt: number } | null,
  now: number,
): Standing {
  if (now - at > STALE_AFTER) return 'stale';
  if (fault !== null || serial === 0) return 'faulty';
  return last !== null && serial < last.serial && now - last.signedAt > BEHIND_AFTER ? 'behind' : 'current';
}
