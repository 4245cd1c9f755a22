// The daemon: makes the host agree with the state database at once, then with the store, until it is told to stop.
import type { Applied } from '../../host/host.ts';
import { adviseOnBackend } from '../../config/accounts.ts';
import type { NodeContext } from '../node-context.ts';
import { linkReader, type ReaderSource } from '../reader-client/reader-link.ts';
import { openMetricsPublisher } from '../report/export-metrics.ts';
import { answerDoctor } from './answer-doctor.ts';
import { createBudget } from './budget.ts';
import { keepContext, LOCK_PATIENCE_MS } from './context-recovery.ts';
import { createDaemonSync } from './daemon-sync.ts';
import { startRounds } from './rounds/rounds.ts';
import { checkSchedule } from './schedule.ts';
import { createSyncQueue, type SyncQueue } from './sync-queue.ts';
import { becomeOnlyAgent } from './only-agent.ts';
import { startSyncTriggers } from './sync-triggers.ts';
import { connectServiceManager, type ServiceManager } from './systemd.ts';
import { watchLists } from './watch-lists.ts';

/** How much longer than `scim.bounds.pass` a sync may take on the host, in seconds. */
const HOST_PATIENCE = 300;
const WATCHDOG_EVERY_MS = 60_000;

/**
 * Runs until `stop` is aborted.
 * @param source whether the reader is a child of this process or a unit of its own.
 * @throws AgentError config_invalid, lock_busy, state_folder, before anything has been done.
 */
export async function runDaemon(node: NodeContext, source: ReaderSource, stop: AbortSignal): Promise<void> {
  const { config } = node;
  checkSchedule(config.sync);
  const advice = adviseOnBackend(config.accounts);
  if (advice !== null) node.log.warn(advice);
  const endTurn = becomeOnlyAgent(node.paths);
  const keeper = keepContext(node);
  const manager = connectServiceManager();
  const link = linkReader(node, source);
  const budget = createBudget(config.scim.budget, () => performance.now());
  const metrics = await openMetricsPublisher(node, link);
  // Before the schedule runs, the next sync comes as soon as the reader is there.
  let nextDue = (): number => Math.ceil(Date.now() / 1000);
  /** What was revoked between two syncs, until one of them records it. */
  const unrecorded: Applied[] = [];
  const sync = createDaemonSync({
    node,
    keeper,
    link,
    budget,
    metrics,
    unrecorded,
    nextDue: () => nextDue(),
  });

  const isChange = await sync(null);
  manager.notify('READY=1\nSTATUS=serving from the state database');

  const rounds = startRounds(node, keeper, link);
  rounds.look(isChange);
  const doctor = answerDoctor(node, link, () => rounds.tryLogin());
  const queue = createSyncQueue(async (request) => {
    rounds.look(await sync(request));
    manager.notify(`STATUS=last sync at ${new Date().toISOString()}`);
  });
  const watchdog = startWatchdog(manager, queue, config.scim.bounds.pass);
  const lists = watchLists(
    node,
    () => keeper.get(),
    unrecorded,
    () => queue.ask('delta'),
  );
  const triggers = startSyncTriggers(node, { queue, keeper, link, budget });
  nextDue = () => triggers.nextSync();

  await whenAborted(stop);

  manager.notify('STOPPING=1');
  triggers.stop();
  rounds.stop();
  await queue.stop();
  clearInterval(watchdog);
  lists.close();
  doctor.close();
  link.close();
  keeper.close();
  endTurn();
}

/** @param bound the longest fetch, in seconds. */
function startWatchdog(manager: ServiceManager, queue: SyncQueue, bound: number): NodeJS.Timeout {
  const stuckAfter = (bound + HOST_PATIENCE) * 1000 + LOCK_PATIENCE_MS;
  return setInterval(() => {
    if (!queue.isStuck(stuckAfter)) manager.notify('WATCHDOG=1');
  }, manager.watchdogInterval ?? WATCHDOG_EVERY_MS);
}

async function whenAborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
