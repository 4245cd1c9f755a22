// Rounds never overlap, none that was asked for is lost, and one that fails stops nothing.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { repeatOneAtATime } from '../../../../../src/agent/daemon/rounds/one-at-a-time.ts';

/** Ends the rounds under way, in order. */
let ends: (() => void)[];
let begun: number;
let most: number;
let failures: unknown[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  [ends, begun, most, failures] = [[], 0, 0, []];
});
afterEach(() => vi.useRealTimers());

const start = () =>
  repeatOneAtATime(
    1000,
    async () => {
      begun += 1;
      const ended = new Promise<void>((resolve) => void ends.push(resolve));
      most = Math.max(most, ends.length);
      await ended;
      if (begun === 1) throw new Error('the first fails');
    },
    (error) => failures.push(error),
  );
const end = async (): Promise<void> => {
  ends.shift()?.();
  await vi.advanceTimersByTimeAsync(0);
};

test('what is asked for while one is under way becomes one more', async () => {
  const rounds = start();
  expect(begun).toBe(0);
  for (let n = 0; n < 3; n += 1) rounds.ask();
  await vi.advanceTimersByTimeAsync(2500);
  expect(begun).toBe(1);
  await end();
  expect(begun).toBe(2);
  expect(failures).toHaveLength(1);
  await end();
  expect(begun).toBe(2);
  await vi.advanceTimersByTimeAsync(500);
  expect(begun).toBe(3);
  expect(most).toBe(1);
  rounds.stop();
});

test('after a stop none begins, also none that was asked for', async () => {
  const rounds = start();
  rounds.ask();
  rounds.ask();
  rounds.stop();
  await end();
  await vi.advanceTimersByTimeAsync(5000);
  expect(begun).toBe(1);
});
