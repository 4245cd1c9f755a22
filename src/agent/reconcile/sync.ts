// The story: fetch, mirror, policy, plan, guard, apply, record — one pass, top to bottom.
import { AgentError } from '../../common/errors.ts';
import type { Applied } from '../../host/host.ts';
import type { GuardVerdict } from '../../plan/guard/guard.ts';
import type { Binding } from '../../policy/model.ts';
import { decide, guardWindow } from './decide.ts';
import { dropSpentExtensions } from '../overrides/extensions.ts';
import { findWindow } from '../ingest/delta-window.ts';
import { fetchStore, type FetchResult } from '../ingest/fetch-store.ts';
import type { NamedResource, SyncMode, SyncRequest } from '../ingest/sync-request.ts';
import type { SyncContext } from './context.ts';
import { judgeFreshness } from '../ingest/freshness.ts';
import { reportSync, type SyncReport } from './sync-report.ts';
import { createStopwatch } from './stopwatch.ts';

/** Passes from one sweep of the history to the next: some hours. */
const PRUNE_EVERY = 500;

/**
 * One pass. A store that cannot be heard is part of the report, not an exception: the host is then made to
 * agree with the last good records all the same.
 * @param mode `cache` asks nobody.
 * @param named resources that the store announced a change of.
 */
export async function runSync(
  parts: SyncContext,
  mode: SyncMode | 'cache',
  named: readonly NamedResource[] = [],
): Promise<SyncReport> {
  const { state: mirror, host, config, changes: settled } = parts;
  const now = Math.floor(parts.clock() / 1000);
  const watch = createStopwatch();
  const mark = settled.mark();
  const n = mirror.beginPass(now);

  const order = mode === 'cache' ? null : { mode, resources: named };
  const heard = order === null ? null : await watch.time('fetch', () => listen(parts, order, now));
  const answer = heard instanceof AgentError ? null : heard;
  const quiet = answer === null ? null : settled.recall(answer, mark, now);
  if (quiet !== null) {
    // Nothing new at the store and nothing moved here: what was decided last still holds.
    const report = { ...quiet, n, startedAt: now, mode, heard: answer, durations: watch.laps() };
    mirror.endPass(n, report, []);
    return report;
  }
  parts.onProgress?.('plan', 0, null);
  const decision = await watch.time('decide', () => decide(parts, now, judgeFreshness(heard, mirror, now)));
  const { adopted, desired, changes, verdict } = decision;
  parts.onProgress?.('plan', changes.length, changes.length);
  const isObserving = config.mode === 'observe';
  if (!isObserving) {
    mirror.bind(bindingsToRecord([...adopted, ...desired.bindings], verdict));
    dropSpentExtensions(parts.paths.extended, desired);
  }
  const { go } = verdict;
  const applied = isObserving
    ? []
    : await watch.time('apply', () => host.apply(go, (done) => parts.onProgress?.('apply', done, go.length)));
  mirror.recordHeld(verdict.remember);
  mirror.saveReadings();

  const report = reportSync({
    n,
    startedAt: now,
    mode,
    heard,
    decision,
    stateFault: parts.stateFault,
    applied,
    mirror,
    durations: watch.laps(),
  });
  mirror.endPass(
    n,
    report,
    applied.map((result) => historyRow(result, verdict)),
  );
  settled.note(report, mark);
  parts.failures.note(n, applied);
  if (n % PRUNE_EVERY === 0) mirror.prune(now, now - guardWindow(config));
  return report;
}

/** Hears the store, or says why it could not be heard. */
async function listen(
  parts: SyncContext,
  order: SyncRequest,
  now: number,
): Promise<FetchResult | AgentError> {
  const { reader, state: mirror, config } = parts;
  try {
    if (reader === null) throw new AgentError('reader_failed', 'the reader is not connected');
    return await fetchStore({ ...parts, reader, now }, order, findWindow(mirror, config, now));
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return error;
  }
}

/** Somebody whose closing is held stays open in the ledger too. */
function bindingsToRecord(bindings: readonly Binding[], verdict: GuardVerdict): Binding[] {
  const held = new Set(verdict.held.flatMap((set) => set.changes.map((change) => change.scimId)));
  return bindings.map((binding) => (held.has(binding.scimId) ? { ...binding, disabledAt: null } : binding));
}

function historyRow(result: Applied, verdict: GuardVerdict) {
  const { scimId, kind, name, because } = result.change;
  return {
    at: result.at,
    scimId,
    kind: verdict.kinds.get(result.change) ?? kind,
    name,
    because,
    problem: result.ok ? null : result.problem,
  };
}
