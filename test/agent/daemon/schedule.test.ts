// When a host looks next, its own place in the interval included.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createBudget } from '../../../src/agent/daemon/budget.ts';
import { jitterOf, repeat } from '../../../src/agent/daemon/regular.ts';
import { startSchedule } from '../../../src/agent/daemon/schedule.ts';

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
}, 30_000);

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
}, 30_000);

describe('when the clock is set', () => {
  const HOUR = 3_600_000;
  const jump = (by: number): void => void vi.setSystemTime(Date.now() + by);
  let times: number[];
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_800_000_000_000 });
    times = [];
  });
  afterEach(() => vi.useRealTimers());

  test.each([-48 * HOUR, -HOUR, -20_000, 20_000, HOUR, 24 * 365 * HOUR])(
    'a poll comes within a minute, and goes on coming (by %i ms)',
    async (by) => {
      const polls = repeat('*/30 * * * * *', 'node-1', false, () => times.push(performance.now()));
      try {
        await vi.advanceTimersByTimeAsync(65_000);
        expect(times.length).toBeGreaterThan(0);
        const before = times.length;
        const from = performance.now();
        jump(by);
        await vi.advanceTimersByTimeAsync(600_000);
        const after = [from, ...times.slice(before)];
        const gaps = after.slice(1).map((time, index) => time - (after[index] ?? 0));
        expect(Math.max(...gaps)).toBeLessThanOrEqual(60_000);
        expect(gaps.length).toBeGreaterThanOrEqual(19);
        expect(gaps.length).toBeLessThanOrEqual(22);
        expect(polls.next() - Date.now()).toBeLessThanOrEqual(60_000);
      } finally {
        polls.stop();
      }
    },
  );

  test('what waits for its place does not wait for the clock to catch up', async () => {
    const full = repeat('0 * * * *', 'node-1', true, () => times.push(performance.now()));
    try {
      full.join();
      jump(-48 * HOUR);
      await vi.advanceTimersByTimeAsync(700_000);
      expect(times).toHaveLength(1);
    } finally {
      full.stop();
    }
  });
});

test('a full read that a start has put off stands for the tick that comes meanwhile; a poll does not', async () => {
  vi.useFakeTimers({ now: Date.UTC(2027, 0, 15, 8, 59, 50) });
  const times: string[] = [];
  const all = ([true, false] as const).map((isEnough) =>
    repeat('0 * * * *', 'node-1', isEnough, () => times.push(isEnough ? 'full' : 'poll')),
  );
  try {
    for (const one of all) one.join();
    await vi.advanceTimersByTimeAsync(1_300_000);
    expect(times.sort()).toEqual(['full', 'poll', 'poll']);
  } finally {
    for (const one of all) one.stop();
    vi.useRealTimers();
  }
});
