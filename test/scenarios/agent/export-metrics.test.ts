// The daemon's metrics, over HTTP from the reader and in a text file from the agent.
import { once } from 'node:events';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findFreePort } from '../../../src/demo/free-port.ts';
import { makeEd25519, seedRandom, writeBlob } from '../../support/records/key-corpus.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

let node: ThrowawayRoot;
beforeEach(async () => {
  node = await makeThrowawayRoot();
});
afterEach(() => node.close());

async function readMetrics(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => null);
  return answer === null ? '' : await answer.text();
}

test('the reader serves on loopback what the agent counted, and the same text lies in the file', async () => {
  const port = await findFreePort();
  mkdirSync(path.join(node.root, 'textfiles'));
  node.configure(`metrics: { listen: "127.0.0.1:${port}", textfile: /textfiles/sunk-agent.prom }\n`);
  const key = writeBlob('ssh-ed25519', makeEd25519(seedRandom(5))).toString('base64');
  await node.pushGroup('slurm-users', [await node.pushUser('alice@example.com', `ssh-ed25519 ${key}`)]);

  const daemon = node.start('run');
  const ended = once(daemon, 'exit');
  try {
    const wait = { timeout: 30_000, interval: 200 };
    await vi.waitFor(
      async () => expect(await readMetrics(port)).toContain('sunk_agent_keys{type="ssh-ed25519"} 1'),
      wait,
    );
    // A sync between the two reads renews both texts: read until they are of one sync.
    const served = await vi.waitFor(async () => {
      const text = await readMetrics(port);
      expect(node.read('textfiles/sunk-agent.prom')).toBe(text);
      return text;
    }, wait);
    expect(served).toMatch(/^sunk_agent_store_requests_total\{status="200"\} [1-9]/m);
    expect(served).toContain('sunk_agent_store_reachable 1\n');
    expect(served).toContain('sunk_agent_changes_total{kind="account-create",result="done"} 1\n');
    expect(statSync(path.join(node.root, 'textfiles/sunk-agent.prom')).mode & 0o777).toBe(0o644);
    expect(readdirSync(path.join(node.root, 'textfiles'))).toEqual(['sunk-agent.prom']);

    const elsewhere = await fetch(`http://127.0.0.1:${port}/`);
    const written = await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST', body: 'x' });
    expect([elsewhere.status, written.status]).toEqual([404, 405]);
  } finally {
    daemon.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  }
});

test.each(['0.0.0.0:9911', '10.0.0.1:9911', '127.0.0.1:99999', '9911'])(
  'metrics are served to this machine alone: %s is refused',
  async (address) => {
    node.configure(`metrics: { listen: "${address}" }\n`);
    const { status, stderr } = await node.run('run');
    expect(status).toBe(78);
    expect(stderr).toContain('metrics.listen: a loopback address and a port');
  },
);
