import { expect, test } from 'vitest';
import { makeThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

test('approve refuses a hash under which nothing is held, and lists those that are', async () => {
  const node = await makeThrowawayRoot();
  try {
    await node.run('sync');
    const { status, stderr } = await node.run('approve', 'deadbeefdeadbeef');
    expect(status).toBe(1);
    expect(stderr).toContain('nothing is held under deadbeefdeadbeef (nothing is held at all)');
  } finally {
    await node.close();
  }
});
