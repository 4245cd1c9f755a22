// What an operator does to the ledger: planned and shown first, carried out under the pass lock, on the audit trail.
import type { GuardVerdict } from '../../plan/guard/guard.ts';
import type { Change } from '../../plan/change.ts';
import type { Binding } from '../../policy/model.ts';
import { decide } from '../reconcile/decide.ts';
import type { Place } from '../node-context.ts';
import { openParts, type PassParts } from '../reconcile/context.ts';
import { takeTurn } from '../reconcile/sync-lock.ts';
import { judgeHearing } from '../ingest/freshness.ts';

const PATIENCE_MS = 600_000;

/** Runs `work` alone on this host, with everything open; `onWait` is called when a pass is under way. */
export async function withLedger<T>(
  place: Place,
  onWait: () => void,
  work: (parts: Omit<PassParts, 'reader'>, now: number) => Promise<T>,
): Promise<T> {
  const release = await takeTurn(place, onWait, PATIENCE_MS);
  try {
    const parts = openParts(place);
    try {
      return await work(parts, Math.floor(parts.clock() / 1000));
    } finally {
      parts.mirror.close();
    }
  } finally {
    release();
  }
}

/** What the next pass would do if the ledger were that one. */
export async function previewPass(
  parts: Omit<PassParts, 'reader'>,
  bindings: readonly Binding[],
  now: number,
): Promise<{ readonly changes: readonly Change[]; readonly verdict: GuardVerdict }> {
  const mirror = { ...parts.mirror, bindings: () => [...bindings] };
  return decide({ ...parts, mirror }, now, judgeHearing(null, parts.mirror, now));
}
