// A store whose clock is off by almost what is tolerated: a running daemon revokes within two polls, as with a right one.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Status } from '../../../src/agent/report/status-schema.ts';
import { makeThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJrUj8o1Zr5LwH1o0u0Oe4i2cYkq2gYx0b1r9t1VbJ0M';
const SCHEDULE = "sync: { poll: '*/3 * * * * *', full: '0 0 29 2 *' }\n";

test.each([0, 290, -290])('a clock that is %i s off', async (seconds) => {
  const node = await makeThrowawayRoot();
  const alice = await node.pushUser('alice@example.com', KEY);
  const bob = await node.pushUser('bob@example.com', '');
  await node.pushGroup('slurm-users', [alice, bob]);
  const admin = async (method: string, what: string, body: unknown): Promise<void> => {
    const { ok } = await fetch(`${node.testbed.adminUrl}${what}`, { method, body: JSON.stringify(body) });
    expect(ok).toBe(true);
  };
  // Deltas alone.
  await admin('PATCH', '/settings', { events: false });
  if (seconds !== 0) await admin('POST', '/faults', { kind: 'clock', seconds });
  node.configure(SCHEDULE);
  const daemon = node.start('run');
  try {
    const lastSync = (): Status['lastSync'] | null => {
      const file = 'run/sunk-agent/status.json';
      return existsSync(path.join(node.root, file)) ? (JSON.parse(node.read(file)) as Status).lastSync : null;
    };
    const hasKey = (): boolean =>
      existsSync(path.join(node.root, 'var/lib/sunk-agent/authorized_keys/alice'));
    const until = async (isTrue: () => boolean): Promise<void> => {
      for (const deadline = Date.now() + 60_000; !isTrue() && Date.now() < deadline; await sleep(20));
      expect(isTrue()).toBe(true);
    };
    await until(hasKey);
    const started = lastSync()?.n ?? 0;
    await until(() => lastSync()?.mode === 'delta' && (lastSync()?.n ?? 0) > started);
    await node.scim('PATCH', `/Users/${alice}`, {
      Operations: [{ op: 'replace', path: 'active', value: false }],
    });
    // The one under way, if any, and two more.
    const before = lastSync()?.n ?? 0;
    await until(() => !hasKey());
    await until(() => (lastSync()?.changes.done ?? 0) > 0);
    expect((lastSync()?.n ?? 0) - before).toBeLessThanOrEqual(3);
  } finally {
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
    await node.close();
  }
});
