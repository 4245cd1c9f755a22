// One sync of the daemon: run under the lock, paid from the budget, published, logged. It never throws.
import type { Applied } from '../../host/host.ts';
import type { NodeContext } from '../node-context.ts';
import type { SyncRequest } from '../ingest/sync-request.ts';
import type { ReaderLink } from '../reader-client/reader-link.ts';
import { runSync } from '../reconcile/sync.ts';
import type { SyncReport } from '../reconcile/sync-report.ts';
import { writeEvents } from '../report/events/write-events.ts';
import type { MetricsPublisher } from '../report/export-metrics.ts';
import { publishStatus } from '../report/write-status.ts';
import type { Budget } from './budget.ts';
import type { ContextKeeper } from './context-recovery.ts';
import type { DaemonContext } from './open-context.ts';
import { createSyncOutcomeLog } from './sync-outcome-log.ts';

export interface DaemonSyncParts {
  readonly node: NodeContext;
  readonly keeper: ContextKeeper;
  readonly link: ReaderLink;
  readonly budget: Budget;
  readonly metrics: MetricsPublisher;
  /** What was revoked before this sync; taken out by the sync that records it. */
  readonly unrecorded: Applied[];
  /** When the next sync is due, epoch seconds; asked after each. */
  readonly nextDue: () => number;
}

/**
 * @param request null: from the state database alone, without the store.
 * @returns whether it changed something, in the records or on the host.
 */
export type DaemonSync = (request: SyncRequest | null) => Promise<boolean>;

export function createDaemonSync(parts: DaemonSyncParts): DaemonSync {
  const { node, keeper, link, budget } = parts;
  const outcome = createSyncOutcomeLog(node.log);
  /** Of the records, after the sync before. */
  let snapshot = '';

  async function run(context: DaemonContext, request: SyncRequest | null): Promise<boolean> {
    const mode = request?.mode ?? 'state';
    node.log.debug({ mode }, 'sync begins');
    const before = parts.unrecorded.splice(0);
    const report = await runSync({ ...context, reader: link.current() }, mode, request?.resources, before);
    budget.spend(report.fetched?.requests ?? 0);
    await publish(parts, context, report);
    outcome.noteReport(report, context.stateFault);
    const isChange = report.changes.done > 0 || report.snapshot !== snapshot;
    ({ snapshot } = report);
    return isChange;
  }

  return async (request) => {
    try {
      return await keeper.withLock(
        () => node.log.info('another sync is under way: waiting'),
        (context) => run(context, request),
      );
    } catch (error) {
      outcome.noteFailure(error);
      return false;
    }
  };
}

/** To status.json and history, to the monitors, and to the store where `scim.announce` says so. */
async function publish(
  { node, link, metrics, nextDue }: DaemonSyncParts,
  context: DaemonContext,
  report: SyncReport,
): Promise<void> {
  writeEvents(node, context.state, process);
  await metrics.publish(report, await publishStatus(context, report, nextDue()));
  if (node.config.scim.announce) link.current()?.announce(report.snapshot);
}
