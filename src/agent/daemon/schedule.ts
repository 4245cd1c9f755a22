// The schedule: polls and full passes by cron expressions, each host a little later than the others.
import { createHash } from 'node:crypto';
import cron, { type ScheduledTask } from 'node-cron';
import type { Config } from '../../config.ts';
import { AgentError } from '../../errors.ts';
import type { Budget } from './budget.ts';
import type { PassMode } from '../order.ts';

/**
 * A tick that a busy process comes to late is as good as any, and the library, left alone, drops what is a second late
 * and says so on the terminal.
 */
const LATE_IS_WELL = { missedExecutionTolerance: Infinity, suppressMissedWarning: true };

/** A fleet is spread over the whole interval, for no node hears of anything later by that, and over no more than this. */
const MAX_JITTER_MS = 600_000;

export interface Schedule {
  /** When the next pass is due, epoch seconds. */
  nextPass(): number;
  /**
   * Asks for both as if both were due now, each at this host's place in its interval: after a power cut a fleet of
   * hundreds starts within seconds, and the store must not meet all of them at once.
   */
  rejoin(): void;
  stop(): Promise<void>;
}

/** A pass that comes again and again. */
interface Regular {
  readonly task: ScheduledTask;
  ask(): void;
}

/** One whose tick has come, and which waits for this host's place. */
interface Waiting {
  readonly which: Regular;
  /** Epoch milliseconds. */
  readonly due: number;
  readonly timer: NodeJS.Timeout;
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
  const waiting = new Set<Waiting>();
  const jitter = ({ task }: Regular): number => jitterOf(host, task.getNextRuns(2));
  const askAt = (which: Regular, due: number): void => {
    const begin = (): void => {
      waiting.delete(entry);
      which.ask();
    };
    const entry = { which, due, timer: setTimeout(begin, Math.max(0, due - Date.now())) };
    waiting.add(entry);
  };
  const isComing = (which: Regular): boolean =>
    waiting.values().some((entry) => entry.which === which && entry.due > Date.now());
  // By the clock and not by when the tick was handled: the last of the fleet is due shortly before the next tick, and
  // would otherwise miss every other one on a busy machine.
  const poll: Regular = {
    task: cron.schedule(sync.poll, ({ date }) => askAt(poll, date.getTime() + jitter(poll)), LATE_IS_WELL),
    ask: () => {
      if (budget.wait() === 0) ask('delta');
    },
  };
  const full: Regular = {
    task: cron.schedule(
      sync.full,
      ({ date }) => {
        // The one that a start has put off is soon enough.
        if (!isComing(full)) askAt(full, date.getTime() + jitter(full));
      },
      LATE_IS_WELL,
    ),
    ask: () => ask('full'),
  };
  return {
    nextPass() {
      const runs = [poll, full].map(({ task }) => {
        const next = task.getNextRuns(2);
        return next[0] === undefined ? Infinity : next[0].getTime() + jitterOf(host, next);
      });
      const next = Math.min(...runs, ...[...waiting].map(({ due }) => due));
      return Math.ceil(Math.max(next, Date.now() + budget.wait()) / 1000);
    },
    rejoin() {
      for (const which of [poll, full]) if (!isComing(which)) askAt(which, Date.now() + jitter(which));
    },
    async stop() {
      await poll.task.stop();
      await full.task.stop();
      for (const { timer } of waiting) clearTimeout(timer);
    },
  };
}

/** How much later than the schedule this host is, in milliseconds. */
export function jitterOf(host: string, [first, second]: readonly Date[]): number {
  const interval = first === undefined || second === undefined ? 0 : second.getTime() - first.getTime();
  const share = createHash('sha256').update(host).digest().readUInt32BE(0) / 2 ** 32;
  return Math.floor(share * Math.min(interval, MAX_JITTER_MS));
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
