import { setImmediate as tick } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createSyncQueue } from '../../../../src/agent/daemon/sync-queue.ts';

/** A queue whose syncs end when they are told to. */
function controlled() {
  const ran: string[] = [];
  let finish = (): void => {};
  const queue = createSyncQueue(({ mode, resources }) => {
    ran.push([mode, ...resources.map(({ id }) => id)].join(' '));
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

test('a sync runs at once when none is under way', () => {
  const { queue, ran } = controlled();
  queue.ask('delta');
  expect(ran).toEqual(['delta']);
});

test('syncs never overlap, and what was asked for meanwhile is done once', async () => {
  const { queue, ran, end } = controlled();
  for (const mode of ['delta', 'delta', 'delta', 'delta'] as const) queue.ask(mode);
  expect(ran).toEqual(['delta']);
  await end();
  expect(ran).toEqual(['delta', 'delta']);
  await end();
  expect(ran).toEqual(['delta', 'delta']);
});

test('a full sync that waits is not weakened by a later delta', async () => {
  const { queue, ran, end } = controlled();
  for (const mode of ['delta', 'full', 'delta'] as const) queue.ask(mode);
  await end();
  expect(ran).toEqual(['delta', 'full']);
});

const user = (id: string) => ({ kind: 'User', id }) as const;

test('resources that the store names while a sync runs are read together, once each', async () => {
  const { queue, ran, end } = controlled();
  queue.ask('event', [user('a')]);
  queue.ask('event', [user('b')]);
  queue.ask('event', [user('c'), user('b')]);
  await end();
  expect(ran).toEqual(['event a', 'event b c']);
});

test('a delta that waits reads the named resources too, since it lists no deleted user', async () => {
  const { queue, ran, end } = controlled();
  queue.ask('full');
  queue.ask('event', [user('a')]);
  queue.ask('delta');
  await end();
  expect(ran).toEqual(['full', 'delta a']);
});

test('more names than are worth asking for become a full sync', async () => {
  const { queue, ran, end } = controlled();
  queue.ask('full');
  for (let n = 0; n <= 50; n += 1) queue.ask('event', [user(`u${n}`)]);
  await end();
  expect(ran).toEqual(['full', 'full']);
});

test('stopping waits for the sync under way and starts no other', async () => {
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

test('a sync that takes too long is seen as stuck, an idle queue is not', async () => {
  const { queue, end } = controlled();
  expect(queue.isStuck(0)).toBe(false);
  queue.ask('delta');
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(queue.isStuck(1)).toBe(true);
  expect(queue.isStuck(60_000)).toBe(false);
  await end();
  expect(queue.isStuck(0)).toBe(false);
});
