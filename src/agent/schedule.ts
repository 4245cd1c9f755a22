// The schedule: polls and full passes by cron expressions, each host a little later than the others.
import { createHash } from 'node:crypto';
import cron, { type ScheduledTask } from 'node-cron';
import type { Config } from '../config.ts';
import { AgentError } from '../errors.ts';
import type { Budget } from './budget.ts';
import type { PassMode } from './order.ts';

/** A fleet is spread over half of the interval, and over no more than this. */
const MAX_JITTER_MS = 600_000;

export interface Schedule {
  /** When the next pass is due, epoch seconds. */
  nextPass(): number;
  stop(): Promise<void>;
}

/**
 * Asks for passes until it is stopped. While the budget is overdrawn polls are left out; a full pass never is.
 * @param host decides the jitter, the same on every start.
 */
export function startSchedule(
  sync: Config['sync'],
  host: string,
  budget: Budget,
  ask: (mode: PassMode) => void,
): Schedule {
  const timers = new Set<NodeJS.Timeout>();
  const later = (task: ScheduledTask, work: () => void): void => {
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        work();
      },
      jitterOf(host, task.getNextRuns(2)),
    );
    timers.add(timer);
  };
  const poll = cron.schedule(sync.poll, () =>
    later(poll, () => {
      if (budget.wait() === 0) ask('delta');
    }),
  );
  const full = cron.schedule(sync.full, () => later(full, () => ask('full')));
  return {
    nextPass() {
      const runs = [poll, full].map((task) => {
        const next = task.getNextRuns(2);
        return next[0] === undefined ? Infinity : next[0].getTime() + jitterOf(host, next);
      });
      return Math.ceil(Math.max(Math.min(...runs), Date.now() + budget.wait()) / 1000);
    },
    async stop() {
      await poll.stop();
      await full.stop();
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

/** How much later than the schedule this host is, in milliseconds. */
export function jitterOf(host: string, [first, second]: readonly Date[]): number {
  const interval = first === undefined || second === undefined ? 0 : second.getTime() - first.getTime();
  const share = createHash('sha256').update(host).digest().readUInt32BE(0) / 2 ** 32;
  return Math.floor(share * Math.min(interval / 2, MAX_JITTER_MS));
}

/** @throws AgentError config_invalid, naming the key. */
export function checkSchedule(sync: Config['sync']): void {
  for (const [key, expression] of Object.entries(sync)) {
    if (cron.validate(expression)) continue;
    const hint = 'five fields, or six with seconds in front: man sunk-agent.yaml';
    throw new AgentError('config_invalid', `sync.${key}: ${JSON.stringify(expression)} is no schedule`, {
      hint,
    });
  }
}
