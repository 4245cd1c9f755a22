// What comes again and again, under clocks that are set forward and back.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { repeat } from '../../../../src/agent/daemon/repeat.ts';

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
