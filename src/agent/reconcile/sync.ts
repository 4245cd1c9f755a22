// The story: fetch, ingest, policy, plan, guard, apply, verify, record; one sync, top to bottom.
import { AgentError, describeError } from '../../common/errors.ts';
import type { Applied } from '../../host/host.ts';
import { nameRefusal } from '../../common/system-error.ts';
import { settleKeyDirectory } from '../../host/keys/directory-rights.ts';
import type { SyncPlan } from '../../plan/sync/plan-sync.ts';
import type { DesiredState } from '../../policy/model.ts';
import { guardWindow } from '../../plan/guard/guard-limits.ts';
import { findWindow } from '../ingest/delta-window.ts';
import { fetchStore, type FetchResult } from '../ingest/fetch-store.ts';
import { judgeFreshness } from '../ingest/freshness.ts';
import type { NamedResource, SyncMode, SyncRequest } from '../ingest/sync-request.ts';
import { settleGrants } from '../overrides/grants.ts';
import { dropSpentExtensions } from '../overrides/extensions.ts';
import { createApplication } from './application.ts';
import type { SyncContext } from './context.ts';
import { decide } from './decide.ts';
import { ASK_AGAIN_MS, StoreBusy } from '../../protocol/store-busy.ts';
import { createStopwatch } from './stopwatch.ts';
import { reportSync, type SyncReport } from './sync-report.ts';

/** Syncs from one pruning of the history to the next: some hours. */
const PRUNE_EVERY = 500;

/**
 * One sync. A store that cannot be fetched is part of the report, not an exception: the host is then reconciled with
 * the last good records all the same.
 * @param mode `state` asks no store.
 * @param named resources that the store announced a change of.
 * @param before what an operator's command applied just before, for the history.
 */
export async function runSync(
  context: SyncContext,
  mode: SyncMode | 'state',
  named: readonly NamedResource[] = [],
  before: readonly Applied[] = [],
): Promise<SyncReport> {
  const { state, config, paths, changes: detector } = context;
  const now = Math.floor(context.clock() / 1000);
  const watch = createStopwatch();
  const mark = detector.mark();
  const n = state.beginSync(now);

  const fetched =
    mode === 'state'
      ? null
      : await watch.time('fetch', () => fetchOrFail(context, { mode, resources: named }, now));
  const answer = fetched instanceof AgentError ? null : fetched;
  const quiet = answer === null || before.length > 0 ? null : detector.recall(answer, mark, now);
  if (quiet !== null) {
    // Nothing new at the store and no change here: the last decision still holds.
    const report = { ...quiet, n, startedAt: now, mode, fetched: answer, durations: watch.laps() };
    state.endSync(n, report, []);
    return report;
  }
  context.onProgress?.('plan', 0, null);
  const application = createApplication(context, now, before);
  const plan = await watch.time('decide', () =>
    decide(context, now, judgeFreshness(fetched, state, now), application.early),
  );
  const { desired, changes, verdict } = plan;
  context.onProgress?.('plan', changes.length, changes.length);

  if (config.mode !== 'observe') {
    state.bind(plan.bindings);
    state.recordFirstOwners(plan.firstOwners);
    dropSpentExtensions(paths.extended, desired);
  }
  await watch.time('apply', () => application.late(verdict));
  if (config.mode !== 'observe') await settle(context, plan, now);
  const applied = application.applied();
  state.recordHeld(verdict.remember);
  state.saveReadings();
  const report = reportSync({
    n,
    startedAt: now,
    mode,
    fetched,
    plan,
    stateFault: context.stateFault,
    application,
    state,
    durations: watch.laps(),
  });
  state.endSync(n, report, application.rows());
  detector.note(report, mark, listDisabled(desired));
  context.failures.note(n, applied);
  if (n % PRUNE_EVERY === 0) state.prune(now, now - guardWindow(config.limits), config.audit.retention);
  return report;
}

/** Uids of people who must have no process. */
function listDisabled({ accounts }: DesiredState): number[] {
  return accounts.flatMap(({ disabled, entry }) => (disabled === null ? [] : [entry.uid]));
}

/** A disk that refuses this, refuses what must be written as well, and that is reported. */
async function settle({ config, paths, log }: SyncContext, { grants }: SyncPlan, now: number): Promise<void> {
  try {
    settleGrants(paths.grants, grants, now);
  } catch (error) {
    log.warn(`the ends of grants are not recorded: ${describeError(nameRefusal(error))}`);
  }
  try {
    await settleKeyDirectory(config, paths);
  } catch (error) {
    log.warn(`the key directory keeps its owner and mode: ${describeError(nameRefusal(error))}`);
  }
}

/** Fetches, or says why the store could not be fetched. */
async function fetchOrFail(
  context: SyncContext,
  request: SyncRequest,
  now: number,
): Promise<FetchResult | AgentError> {
  const { reader, state, config } = context;
  try {
    const busy = findBusy(state, now);
    if (busy !== null) throw busy;
    if (reader === null) throw new AgentError('reader_failed', 'the reader is not connected');
    return await fetchStore({ ...context, reader, now }, request, findWindow(state, config, now));
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return error;
  } finally {
    context.onFetched?.();
  }
}

/** The store asked for a pause within the last 10 s, in this process or another: it is not asked again so soon. */
function findBusy(state: Pick<SyncContext['state'], 'lastSync'>, now: number): StoreBusy | null {
  const found = state.lastSync<SyncReport>('paused by the store', ({ failure }) => hasPause(failure));
  const { pause, message = '' } = found?.failure ?? {};
  const age = pause === undefined ? -1 : now * 1000 - pause.since;
  // `now` has whole seconds.
  return pause === undefined || age < -1000 || age >= ASK_AGAIN_MS ? null : new StoreBusy(message, pause);
}

function hasPause(failure: SyncReport['failure']): boolean {
  return failure?.pause !== undefined;
}
