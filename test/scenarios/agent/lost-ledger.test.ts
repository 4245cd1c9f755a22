// A user leaves the store while a node loses its state database: only the managed group tells that the account was managed.
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

vi.setConfig({ testTimeout: 120_000 });
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJrUj8o1Zr5LwH1o0u0Oe4i2cYkq2gYx0b1r9t1VbJ0M';
const FULL = { alice: /^alice:.*\/bin\/bash$/m, ghost: /^ghost:.*\/bin\/bash$/m };
const GHOST_IS_DISABLED = /^ghost:.*\/usr\/sbin\/nologin$/m;

let node: ThrowawayRoot;

beforeEach(async () => {
  node = await makeThrowawayRoot();
});
afterEach(() => node.close());

/** A node with alice and ghost; then ghost is gone from the store, and the state database from the node. */
async function loseBoth(): Promise<void> {
  const alice = await node.pushUser('alice@example.com', '');
  const ghost = await node.pushUser('ghost@example.com', KEY);
  await node.pushGroup('slurm-users', [alice, ghost]);
  expect((await node.run('sync')).status).toBe(0);
  for (const line of Object.values(FULL)) expect(node.read('etc/passwd')).toMatch(line);
  await node.scim('DELETE', `/Users/${ghost}`);
  rmSync(path.join(node.root, 'var/lib/sunk-agent/cache'), { recursive: true });
}

describe('an account that neither a lost ledger nor the store knows', () => {
  test('is named while it has access, and is disabled by the second sync, which reads everything', async () => {
    await loseBoth();
    const first = await node.run('sync');
    expect(first).toMatchObject({ status: 1 });
    expect(first.stdout).toMatch(
      /^keeps access: 1 account is in the managed group but in neither .*\(ghost\)/m,
    );
    expect(node.read('etc/passwd')).toMatch(FULL.ghost);
    expect((await node.run('status')).stdout).toMatch(/^degraded: 1 account is in the managed group/);

    expect((await node.run('plan')).stdout).toMatch(/^Keeps access: 1 account is in the managed group/m);
    const why = (await node.run('why', 'ghost')).stdout;
    expect(why).toMatch(/is in the managed group but in neither the ledger nor the user store/);

    const second = await node.run('sync');
    expect(second).toMatchObject({ status: 0, stdout: expect.stringMatching(/^sync 2 \(full\)/m) });
    expect(node.read('etc/passwd')).toMatch(GHOST_IS_DISABLED);
    expect(node.read('etc/passwd')).toMatch(FULL.alice);
    expect((await node.run('status')).stdout).toMatch(/^healthy/);

    const third = await node.run('sync');
    expect(third).toMatchObject({ status: 0, stdout: expect.stringMatching(/^sync 3 \(delta\)/m) });
  });

  test('loses access within two polls of a daemon, however far off the next full sync is', async () => {
    node.configure("sync: { poll: '*/2 * * * * *', full: '0 0 29 2 *' }\n");
    await loseBoth();
    const daemon = node.start('run');
    try {
      await vi.waitFor(() => expect(node.read('etc/passwd')).toMatch(GHOST_IS_DISABLED), {
        timeout: 55_000,
        interval: 50,
      });
      expect(node.read('etc/passwd')).toMatch(FULL.alice);
    } finally {
      daemon.kill('SIGTERM');
      await once(daemon, 'exit');
    }
  });
});
