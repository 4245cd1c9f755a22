// When a host looks next, its own place in the interval included.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { createBudget } from '../../../../src/agent/daemon/budget.ts';
import { jitterOf } from '../../../../src/agent/daemon/repeat.ts';
import { startSchedule } from '../../../../src/agent/daemon/schedule.ts';

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
      if (isWaiting && schedule.nextSync() * 1000 <= begun + INTERVAL_MS) return;
    }
    expect.fail('the next poll is said to be the one after the next');
  } finally {
    schedule.stop();
  }
});

test('a fleet that starts at once asks within the interval of its polls, each host at its place, and for all within ten minutes', async () => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
  const asked = new Map<string, { readonly mode: string; readonly at: number }[]>();
  const hosts = Array.from({ length: 100 }, (_, index) => `node-${index}`);
  const begin = Date.now();
  const schedules = hosts.map((host) => {
    const own: { mode: string; at: number }[] = [];
    asked.set(host, own);
    const never = '0 0 29 2 *';
    const sync = { poll: never, full: never };
    return startSchedule(
      sync,
      host,
      createBudget(5, () => performance.now()),
      (mode) => own.push({ mode, at: Date.now() - begin }),
    );
  });
  try {
    for (const schedule of schedules) {
      schedule.rejoin();
      // A reader that comes and goes is asked no more often for it.
      schedule.rejoin();
    }
    await vi.advanceTimersByTimeAsync(600_000);
    for (const host of hosts) expect(asked.get(host)?.map(({ mode }) => mode)).toEqual(['delta', 'full']);
    const times = [...asked.values()].flatMap((own) =>
      own.flatMap(({ mode, at }) => (mode === 'full' ? [at] : [])),
    );
    const busiest = Math.max(
      ...times.map((time) => times.filter((at) => at >= time && at < time + 60_000).length),
    );
    expect(busiest).toBeLessThan(25);
  } finally {
    for (const schedule of schedules) schedule.stop();
    vi.useRealTimers();
  }
});

test('the last of a fleet polls in each interval, also on a machine where all timers are late', async () => {
  const interval = 2000;
  const last = Array.from({ length: 20_000 }, (_, index) => `node-${index}`).find(
    (host) => jitterOf(host, [new Date(0), new Date(interval)]) > interval - 3,
  );
  const times: number[] = [];
  const schedule = startSchedule(
    { poll: '*/2 * * * * *', full: '0 0 29 2 *' },
    last ?? '',
    createBudget(5, () => performance.now()),
    () => times.push(Date.now()),
  );
  const busy = setInterval(() => {
    for (const end = performance.now() + 40; performance.now() < end;);
  }, 50);
  try {
    await sleep(4.75 * interval);
    // Of four ticks or more; every other one would be two.
    expect(times.length).toBeGreaterThan(2);
  } finally {
    clearInterval(busy);
    schedule.stop();
  }
});

test('a poll that falls due while the process is busy for seconds comes late, and not never', async () => {
  const interval = 4000;
  const first = Array.from({ length: 1000 }, (_, index) => `node-${index}`).find(
    (host) => jitterOf(host, [new Date(0), new Date(interval)]) < 50,
  );
  const warn = vi.spyOn(console, 'warn');
  const times: number[] = [];
  const schedule = startSchedule(
    { poll: '*/4 * * * * *', full: '0 0 29 2 *' },
    first ?? '',
    createBudget(5, () => performance.now()),
    () => times.push(Date.now()),
  );
  try {
    const tick = Math.ceil((Date.now() + 500) / interval) * interval;
    await sleep(tick - 200 - Date.now());
    while (Date.now() < tick + 2300);
    await sleep(500);
    expect(times.filter((time) => time >= tick)).toHaveLength(1);
    expect(warn).not.toHaveBeenCalled();
  } finally {
    warn.mockRestore();
    schedule.stop();
  }
});
