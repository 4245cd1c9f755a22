import { setImmediate as tick } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createPassQueue } from '../../src/agent/pass-queue.ts';

/** A queue whose passes end when they are told to. */
function controlled() {
  const ran: string[] = [];
  let finish = (): void => {};
  const queue = createPassQueue((mode) => {
    ran.push(mode);
    return new Promise((resolve) => {
      finish = resolve;
    });
  });
  return {
    queue,
    ran,
    async end() {
      finish();
      await tick();
    },
  };
}

test('a pass runs at once when none is under way', () => {
  const { queue, ran } = controlled();
  queue.ask('delta');
  expect(ran).toEqual(['delta']);
});

test('passes never overlap, and what was asked for meanwhile is done once', async () => {
  const { queue, ran, end } = controlled();
  for (const mode of ['delta', 'delta', 'delta', 'delta'] as const) queue.ask(mode);
  expect(ran).toEqual(['delta']);
  await end();
  expect(ran).toEqual(['delta', 'delta']);
  await end();
  expect(ran).toEqual(['delta', 'delta']);
});

test('a full pass that waits is not weakened by a later delta', async () => {
  const { queue, ran, end } = controlled();
  for (const mode of ['delta', 'full', 'delta'] as const) queue.ask(mode);
  await end();
  expect(ran).toEqual(['delta', 'full']);
});

test('stopping waits for the pass under way and starts no other', async () => {
  const { queue, ran, end } = controlled();
  queue.ask('delta');
  queue.ask('full');
  const stopped = queue.stop();
  expect(await Promise.race([stopped, tick('still running')])).toBe('still running');
  await end();
  await stopped;
  queue.ask('full');
  expect(ran).toEqual(['delta']);
});

test('a pass that takes too long is seen as stuck, an idle queue is not', async () => {
  const { queue, end } = controlled();
  expect(queue.isStuck(0)).toBe(false);
  queue.ask('delta');
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(queue.isStuck(1)).toBe(true);
  expect(queue.isStuck(60_000)).toBe(false);
  await end();
  expect(queue.isStuck(0)).toBe(false);
});
