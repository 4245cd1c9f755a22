// What makes the daemon sync: the schedule, the store's events, a reader that connects, SIGHUP.
import { hostname } from 'node:os';
import { wasReadCompletely } from '../ingest/delta-window.ts';
import type { NodeContext } from '../node-context.ts';
import type { ReaderLink } from '../reader-client/reader-link.ts';
import type { Budget } from './budget.ts';
import type { ContextKeeper } from './context-recovery.ts';
import { type Schedule, startSchedule } from './schedule.ts';
import type { SyncQueue } from './sync-queue.ts';

/** Asks the queue until it is stopped; a reader that is connected already counts as one that connects. */
export function startSyncTriggers(
  { config }: NodeContext,
  {
    queue,
    keeper,
    link,
    budget,
  }: { queue: SyncQueue; keeper: ContextKeeper; link: ReaderLink; budget: Budget },
): Pick<Schedule, 'nextSync' | 'stop'> {
  link.onLook(({ mode, resources }) => {
    // A flood of events is handled at the pace of the budget.
    setTimeout(() => queue.ask(mode, resources), budget.wait()).unref();
  });
  const schedule = startSchedule(config.sync, hostname(), budget, (mode) => queue.ask(mode));
  // A node that has nothing to work with is not kept waiting; any other has its place among the fleet.
  link.onConnect(() =>
    wasReadCompletely(keeper.get().state, config) ? schedule.rejoin() : queue.ask('full'),
  );
  const onHangup = (): void => {
    link.current()?.resume();
    queue.ask('full');
  };
  process.on('SIGHUP', onHangup);

  return {
    nextSync: () => schedule.nextSync(),
    stop() {
      process.off('SIGHUP', onHangup);
      schedule.stop();
    },
  };
}
