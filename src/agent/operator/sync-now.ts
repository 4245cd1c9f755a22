// One pass from the cache for a command that changed what operators say: it waits for its turn, then acts.
import type { Place } from '../node-context.ts';
import { openParts } from '../reconcile/context.ts';
import { takeTurn } from '../reconcile/sync-lock.ts';
import { runPass } from '../reconcile/sync.ts';
import { publishStatus } from '../report/write-status.ts';
import type { PassReport } from '../reconcile/sync-report.ts';

const PATIENCE_MS = 600_000;

/**
 * Makes the host agree with the cache and the operators' lists; asks nobody.
 * @param onWait called when the daemon's pass is under way.
 */
export async function passFromCache(place: Place, onWait: () => void): Promise<PassReport> {
  const release = await takeTurn(place, onWait, PATIENCE_MS);
  const parts = openParts(place);
  try {
    const report = await runPass({ ...parts, reader: null }, 'cache');
    await publishStatus(parts, report);
    return report;
  } finally {
    parts.mirror.close();
    release();
  }
}
