// The daemon: a host that agrees with the cache at once, then with the store, on a schedule, until it is told to stop.
import { hostname } from 'node:os';
import { describeError } from '../../common/errors.ts';
import { createLogDedup } from '../../common/log-dedup.ts';
import { nameRefusal } from '../../common/system-error.ts';
import { createBudget } from './budget.ts';
import type { NodeContext } from '../node-context.ts';
import type { SyncRequest } from '../ingest/sync-request.ts';
import { keepContext, LOCK_PATIENCE_MS } from './context-recovery.ts';
import { createSyncQueue } from './sync-queue.ts';
import { runSync } from '../reconcile/sync.ts';
import { wasReadCompletely } from '../ingest/delta-window.ts';
import { openMetricsPublisher } from '../report/export-metrics.ts';
import { publishStatus } from '../report/write-status.ts';
import { linkReader, type ReaderSource } from '../reader-client/reader-link.ts';
import { checkSchedule, type Schedule, startSchedule } from './schedule.ts';
import { connectServiceManager } from './systemd.ts';
import { watchLists } from './watch-lists.ts';

/** Before the schedule runs, the next sync comes as soon as the reader is there. */
const nowDue = (): number => Math.ceil(Date.now() / 1000);

/**
 * Runs until `stop` is aborted.
 * @param source whether the reader is a child of this process or a unit of its own.
 * @throws AgentError config_invalid, state_folder, before anything has been done.
 */
export async function runDaemon(node: NodeContext, source: ReaderSource, stop: AbortSignal): Promise<void> {
  const { config, log } = node;
  checkSchedule(config.sync);
  const kept = keepContext(node);
  const manager = connectServiceManager();
  const link = linkReader(node, source);
  const complaints = createLogDedup(log);
  const oddities = createLogDedup(log);
  const diskComplaints = createLogDedup(log);
  const budget = createBudget(config.scim.budget, () => performance.now());
  const metrics = await openMetricsPublisher(node, link);

  let lastStanding = '0 0';
  let schedule: Schedule | null = null;

  async function pass(order: SyncRequest | null): Promise<void> {
    const mode = order?.mode ?? 'state';
    try {
      await kept.pass(
        () => log.info('another pass is under way: waiting'),
        async (context) => {
          log.debug({ mode }, 'pass begins');
          const report = await runSync({ ...context, reader: link.current() }, mode, order?.resources);
          budget.spend(report.fetched?.requests ?? 0);
          await metrics.publish(
            report,
            await publishStatus(context, report, schedule?.nextPass() ?? nowDue()),
          );
          if (config.scim.announce) link.current()?.announce(report.snapshot);
          complaints.note(
            report.failure === null ? null : `the store could not be read: ${report.failure.message}`,
          );
          diskComplaints.note(
            context.stateFault === null ? null : `no access is granted: ${context.stateFault}`,
          );
          if (report.fetched?.mode === 'full')
            oddities.note(report.fetched.warnings.map(({ detail }) => detail).join('; ') || null);
          const { done, failed, held } = report.changes;
          // What stays as it was is not said again: a quiet sync is one debug line.
          const standing = `${failed} ${held}`;
          const isQuiet = done === 0 && standing === lastStanding;
          lastStanding = standing;
          const level = isQuiet ? 'debug' : failed > 0 ? 'error' : 'info';
          log[level](
            { pass: report.n, mode, snapshot: report.snapshot, done, failed, held, ms: report.durations },
            'pass over',
          );
        },
      );
    } catch (error) {
      complaints.note(`the pass failed: ${describeError(nameRefusal(error))}`);
    }
  }

  await pass(null);
  manager.notify('READY=1\nSTATUS=serving from the cache');

  const queue = createSyncQueue(async (order) => {
    await pass(order);
    manager.notify(`STATUS=last pass at ${new Date().toISOString()}`);
  });
  const stuckAfter = (config.scim.bounds.pass + 300) * 1000 + LOCK_PATIENCE_MS;
  const watchdog = setInterval(() => {
    if (!queue.isStuck(stuckAfter)) manager.notify('WATCHDOG=1');
  }, manager.watchdogInterval ?? 60_000);

  const lists = watchLists(
    node,
    () => kept.get(),
    () => queue.ask('delta'),
  );
  link.onLook(({ mode, resources }) => {
    // A flood of events is handled at the pace of the budget.
    setTimeout(() => queue.ask(mode, resources), budget.wait()).unref();
  });
  const started = startSchedule(config.sync, hostname(), budget, (mode) => queue.ask(mode));
  schedule = started;
  // A node that has nothing to work with is not kept waiting; any other has its place among the fleet.
  link.onConnect(() => (wasReadCompletely(kept.get().state, config) ? started.rejoin() : queue.ask('full')));
  const onHangup = (): void => queue.ask('full');
  process.on('SIGHUP', onHangup);

  await new Promise<void>((resolve) => {
    if (stop.aborted) resolve();
    else stop.addEventListener('abort', () => resolve(), { once: true });
  });

  manager.notify('STOPPING=1');
  process.off('SIGHUP', onHangup);
  started.stop();
  await queue.stop();
  clearInterval(watchdog);
  lists.close();
  link.close();
  kept.drop();
}
