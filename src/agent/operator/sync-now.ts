// One sync from the state database, for a command that changed an override; it waits for the sync lock.
import type { NodeContext } from '../node-context.ts';
import { openSyncContext } from '../reconcile/context.ts';
import { acquireSyncLock } from '../reconcile/sync-lock.ts';
import { runSync } from '../reconcile/sync.ts';
import { recordLostKeys, type RevokeOutcome } from './revoke-now.ts';
import { publishStatus } from '../report/write-status.ts';
import type { SyncReport } from '../reconcile/sync-report.ts';

const PATIENCE_MS = 600_000;

/**
 * Reconciles the host with the state database and the operators' lists; asks no store.
 * @param onWait called when the daemon's sync is under way.
 * @param done what the command applied itself just now, and the keys that it took out of key files: recorded with this sync.
 * @param unblocked SCIM ids of people that the command unblocked: their return waits for no approval.
 */
export async function syncFromState(
  node: NodeContext,
  onWait: () => void,
  done: Pick<RevokeOutcome, 'applied' | 'lost'> = { applied: [], lost: [] },
  unblocked: readonly string[] = [],
): Promise<SyncReport> {
  const release = await acquireSyncLock(node, onWait, PATIENCE_MS);
  const context = openSyncContext(node);
  try {
    recordLostKeys(context.state, done.lost);
    const report = await runSync({ ...context, unblocked, reader: null }, 'state', [], done.applied);
    await publishStatus(context, report);
    return report;
  } finally {
    context.state.close();
    release();
  }
}
