// The service with a hundred thousand users: how long the answers take that a login node waits for.
import { describe, expect, it } from 'vitest';
import { connect, type Client } from '../../support/testbed/client.ts';

/** Timed only at night: the machine of a unit test is too noisy for a limit. */
const isNight = process.env['NIGHTLY'] !== undefined;
const SIZE = isNight
  ? { users: 100_000, groups: 1000, membersPerGroup: 100 }
  : { users: 2000, groups: 20, membersPerGroup: 100 };

/** Median of the milliseconds that the request took, first byte sent to last received. */
async function time({ send }: Client, path: (turn: number) => string): Promise<number> {
  const taken: number[] = [];
  for (let turn = 0; turn < 21; turn += 1) {
    const started = performance.now();
    expect((await send('GET', path(turn))).status).toBe(200);
    taken.push(performance.now() - started);
  }
  return taken.sort((one, other) => one - other)[10] ?? Number.NaN;
}

describe('a large organisation', () => {
  it('is seeded quickly, and served in pages and by userName without delay', async () => {
    const client = await connect();
    const started = performance.now();
    const { body } = await client.admin('POST', '/seed', SIZE);
    expect(body).toMatchObject({ users: SIZE.users, groups: SIZE.groups });
    const seeded = performance.now() - started;
    const page = await time(client, (turn) => `/Users?startIndex=${turn * 1000 + 1}&count=1000`);
    const again = await time(client, (turn) => `/Users?startIndex=${turn * 1000 + 1}&count=1000`);
    const found = await time(
      client,
      (turn) => `/Users?filter=userName+eq+%22user${String(turn + 1).padStart(6, '0')}@example.com%22`,
    );
    const delta = await time(
      client,
      () => `/Users?filter=meta.lastModified+gt+%22${new Date(Date.now() + 1000).toISOString()}%22`,
    );
    const group = await client.send('GET', '/Groups?count=1');
    expect(group.body.Resources[0].members).toHaveLength(100);
    if (!isNight) return;
    expect({ seeded, page, again, found, delta }).toSatisfy(
      () => seeded < 20_000 && page < 60 && again < 60 && found < 5 && delta < 5,
    );
  });
});
