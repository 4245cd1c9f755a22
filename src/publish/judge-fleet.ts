// How a fleet stands against the generation that was published last; pure.
import type { Heartbeats, StoredHeartbeat } from './heartbeats.ts';

/** A follower beats each half minute; after so many seconds it is stale. */
export const STALE_AFTER = 120;
/** A follower may be so many seconds behind a new generation before that is worth a word. */
const BEHIND_AFTER = 30;

export type Standing = 'current' | 'behind' | 'faulty' | 'stale';

/** Clocks that differ by more seconds are a fault: keys, blocks and not-after end by them. */
const CLOCK_TOLERANCE = 60;

export interface FollowerRow extends StoredHeartbeat {
  readonly name: string;
  /** Seconds by which its clock is ahead of the volume's. */
  readonly clockAhead: number;
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
    const clockAhead = heartbeat.at - heartbeat.writtenAt;
    const isOff = Math.abs(clockAhead) > CLOCK_TOLERANCE;
    const fault = heartbeat.fault ?? (isOff ? describeClock(clockAhead) : null);
    const standing = judge({ ...heartbeat, fault }, last, now);
    counts[standing] += 1;
    return { ...heartbeat, fault, name, clockAhead, standing };
  });
  rows.sort((a, b) => ORDER.indexOf(a.standing) - ORDER.indexOf(b.standing) || (a.name < b.name ? -1 : 1));
  return { followers: rows, counts, malformed, isCut };
}

function describeClock(ahead: number): string {
  return `its clock is ${Math.abs(ahead)} s ${ahead > 0 ? 'ahead' : 'behind'}: keys and blocks end by it`;
}

/** By the volume's clock, since a follower's own may be wrong; a time in the future is as good as now. */
function judge(
  { writtenAt, fault, serial }: StoredHeartbeat,
  last: { readonly serial: number; readonly signedAt: number } | null,
  now: number,
): Standing {
  if (now - writtenAt > STALE_AFTER) return 'stale';
  if (fault !== null || serial === 0) return 'faulty';
  return last !== null && serial < last.serial && now - last.signedAt > BEHIND_AFTER ? 'behind' : 'current';
}
