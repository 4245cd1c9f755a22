// A store that has lost people in every way in which it can be asked: only the guard stands between it and the logins.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

const NAMES = Array.from({ length: 12 }, (_, n) => `person${n}`);
let node: ThrowawayRoot;

beforeEach(async () => {
  node = await makeThrowawayRoot();
});
afterEach(async () => {
  await node.close();
});

async function fault(body: object): Promise<void> {
  const response = await fetch(`${node.testbed.adminUrl}/faults`, {
    method: 'POST',
    body: JSON.stringify(body),
  });
  if (response.status !== 201) throw new Error(await response.text());
}

test('people who are gone from the list and from every single read keep their logins until an operator approves', async () => {
  const members = await Promise.all(NAMES.map((name) => node.pushUser(`${name}@example.com`, '')));
  await node.pushGroup('slurm-users', members);
  expect((await node.run('sync')).status).toBe(0);
  const [passwd, group] = [node.read('etc/passwd'), node.read('etc/group')];
  for (const name of NAMES) expect(passwd).toContain(`${name}:`);

  await fault({ kind: 'empty', path: 'Users\\?' });
  await fault({ kind: 'members-cut', at: 0, path: 'Groups' });
  await fault({ kind: 'status', status: 404, path: 'Users/' });
  for (let sync = 0; sync < 3; sync += 1) {
    await node.run('sync', '--full');
    expect([node.read('etc/passwd'), node.read('etc/group')]).toEqual([passwd, group]);
  }
  const { stdout } = await node.run('status', '--json');
  const { health, guard } = JSON.parse(stdout) as { health: string; guard: { held: { changes: number }[] } };
  expect(health).toBe('degraded');
  // All of them were believed to be gone, and all that follows from it is held.
  expect(guard.held.reduce((sum, { changes }) => sum + changes, 0)).toBeGreaterThanOrEqual(NAMES.length);

  await fetch(`${node.testbed.adminUrl}/faults`, { method: 'DELETE' });
  expect((await node.run('sync', '--full')).status).toBe(0);
  expect([node.read('etc/passwd'), node.read('etc/group')]).toEqual([passwd, group]);
});
