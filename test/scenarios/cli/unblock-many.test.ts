// An operator who unblocks many people on one day has decided each: the guard holds none of it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

let node: ThrowawayRoot;
const ids: string[] = [];

beforeAll(async () => {
  node = await makeThrowawayRoot();
  for (let n = 0; n < 12; n += 1) ids.push(await node.pushUser(`p${n}@example.com`, ''));
  await node.pushGroup('slurm-users', ids);
  await node.run('sync');
});
afterAll(() => node.close());

test('each is enabled again at once', { timeout: 120_000 }, async () => {
  for (const word of ['p0', 'P1@example.com', ids[2] ?? '', 'p3', 'p4', 'p5']) {
    expect(await node.run('block', word)).toMatchObject({ status: 0 });
    expect(await node.run('unblock', word)).toMatchObject({ status: 0 });
  }
  expect(node.read('etc/passwd')).not.toContain('nologin');
});

test('the store that enables as many is held as before', { timeout: 120_000 }, async () => {
  const setActive = (id: string, value: boolean) =>
    node.scim('PATCH', `/Users/${id}`, { Operations: [{ op: 'replace', path: 'active', value }] });
  for (const id of ids.slice(6, 8)) await setActive(id, false);
  await node.run('sync');
  for (const id of ids.slice(6, 8)) await setActive(id, true);
  expect((await node.run('sync')).stdout).toContain('limits.max_gain.enabled_again');
});
