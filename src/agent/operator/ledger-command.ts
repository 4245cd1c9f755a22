// What an operator does to the ledger: planned and shown first, carried out under the sync lock, on the audit trail.
import type { GuardVerdict } from '../../plan/guard/guard-model.ts';
import type { Change } from '../../plan/change.ts';
import type { FormerBinding } from '../../policy/identity/former.ts';
import type { InheritedRow } from '../../policy/inherited/inherited.ts';
import type { Binding } from '../../policy/model.ts';
import { decide } from '../reconcile/decide.ts';
import type { NodeContext } from '../node-context.ts';
import { openSyncContext, type SyncContext } from '../reconcile/context.ts';
import { acquireSyncLock } from '../reconcile/sync-lock.ts';
import { judgeFreshness } from '../ingest/freshness.ts';

const PATIENCE_MS = 600_000;

/** Runs `work` alone on this host, with everything open; `onWait` is called when a sync is under way. */
export async function withLedger<T>(
  node: NodeContext,
  onWait: () => void,
  work: (context: Omit<SyncContext, 'reader'>, now: number) => Promise<T>,
): Promise<T> {
  const release = await acquireSyncLock(node, onWait, PATIENCE_MS);
  try {
    const context = openSyncContext(node);
    try {
      return await work(context, Math.floor(context.clock() / 1000));
    } finally {
      context.state.close();
    }
  } finally {
    release();
  }
}

/**
 * What the next sync would do if the ledger were that one.
 * @param former what would have been moved by then.
 * @param decided about a former publisher's accounts, beside what was decided before.
 */
export async function previewSync(
  context: Omit<SyncContext, 'reader'>,
  bindings: readonly Binding[],
  now: number,
  former: readonly FormerBinding[] = context.state.former(),
  decided: readonly InheritedRow[] = [],
): Promise<{ readonly changes: readonly Change[]; readonly verdict: GuardVerdict }> {
  const rows = new Map(
    [...context.state.inherited(), ...decided].map((row) => [`${row.kind} ${row.name}`, row]),
  );
  const state = {
    ...context.state,
    bindings: () => [...bindings],
    former: () => former,
    inherited: () => [...rows.values()],
  };
  return decide({ ...context, state }, now, judgeFreshness(null, context.state, now));
}
