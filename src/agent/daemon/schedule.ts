// The schedule: polls and full syncs by cron expressions, each host at a time of its own within the interval.
import cron from 'node-cron';
import type { Config } from '../../config/config.ts';
import { AgentError } from '../../common/errors.ts';
import type { Budget } from './budget.ts';
import type { SyncMode } from '../ingest/sync-request.ts';
import { repeat } from './repeat.ts';

export interface Schedule {
  /** When the next sync is due, epoch seconds. */
  nextSync(): number;
  /**
   * Asks for both as if both were due now, each at this host's place in its interval: after a power cut a fleet of
   * hundreds starts within seconds, and the store must not meet all of them at once.
   */
  rejoin(): void;
  stop(): void;
}

/**
 * Asks for syncs until it is stopped. While the budget is overdrawn polls are left out; a full sync never is.
 * @param host decides the jitter, the same on every start.
 */
export function startSchedule(
  sync: Config['sync'],
  host: string,
  budget: Budget,
  ask: (mode: SyncMode) => void,
): Schedule {
  const poll = repeat(sync.poll, host, false, () => {
    if (budget.wait() === 0) ask('delta');
  });
  // All that a start has put off need not be read twice.
  const full = repeat(sync.full, host, true, () => ask('full'));
  return {
    nextSync: () =>
      Math.ceil(Math.max(Math.min(poll.next(), full.next()), Date.now() + budget.wait()) / 1000),
    rejoin() {
      poll.join();
      full.join();
    },
    stop() {
      poll.stop();
      full.stop();
    },
  };
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
