// When a host looks next, its own place in the interval included.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createBudget } from '../../../src/agent/daemon/budget.ts';
import { jitterOf, startSchedule } from '../../../src/agent/daemon/schedule.ts';

const INTERVAL_MS = 4000;

test('a poll that only waits for its host’s place in the interval is the next one', async () => {
  const runs = [new Date(0), new Date(INTERVAL_MS)];
  const late = Array.from({ length: 100 }, (_, index) => `node-${index}`).find(
    (host) => jitterOf(host, runs) > 3000,
  );
  const schedule = startSchedule(
    { poll: '*/4 * * * * *', full: '0 0 29 2 *' },
    late ?? '',
    createBudget(5, () => performance.now()),
    () => {},
  );
  try {
    // A busy machine may miss one interval, and not all.
    for (let tries = 0; tries < 50; tries += 1) {
      await sleep(200);
      const now = Date.now();
      const begun = now - (now % INTERVAL_MS);
      const isWaiting = now - begun > 1500 && now - begun < 2500;
      if (isWaiting && schedule.nextPass() * 1000 <= begun + INTERVAL_MS) return;
    }
    expect.fail('the next poll is said to be the one after the next');
  } finally {
    await schedule.stop();
  }
});
