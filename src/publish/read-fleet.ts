// The fleet as the volumes have it: what was published last, and what followers report.
import { toSystemError } from '../common/system-error.ts';
import { type Heartbeats, readHeartbeats } from './heartbeats.ts';
import { type Fleet, judgeFleet } from './judge-fleet.ts';
import { parseManifest } from './manifest.ts';
import { readRoot } from './volume.ts';

/** Serial and time of what was published last, epoch seconds; null: nothing. */
export type LastPublished = { readonly serial: number; readonly signedAt: number } | null;

/**
 * @param directory of the generations.
 * @param now epoch seconds.
 * @param budgetMs for the heartbeats; what is not read by then is left out, and `isCut` says so.
 * @throws AgentError refused: the heartbeats cannot be read.
 */
export function readFleet(
  { directory, heartbeats }: { readonly directory: string; readonly heartbeats: string },
  now: number,
  budgetMs = 60_000,
): { readonly fleet: Fleet; readonly last: LastPublished } {
  const last = readLast(directory);
  return { fleet: judgeFleet(readAll(heartbeats, budgetMs), last, now), last };
}

/** As the volume has it: a user who writes there could at most make followers look behind. */
function readLast(volume: string): LastPublished {
  const manifest = parseManifest(readRoot(volume)?.text ?? '');
  return manifest === null ? null : { serial: manifest.serial, signedAt: manifest.signedAt };
}

function readAll(directory: string, budgetMs: number): Heartbeats {
  try {
    return readHeartbeats(directory, budgetMs);
  } catch (cause) {
    throw toSystemError('refused', `cannot read the heartbeats in ${directory}`, cause);
  }
}
