// What the daemon says over many syncs: each thing once, no secret, nothing that a terminal obeys.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeEd25519, seedRandom, writeBlob } from '../../support/records/key-corpus.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

let node: ThrowawayRoot;
beforeEach(async () => {
  node = await makeThrowawayRoot();
});
afterEach(() => node.close());

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly problem?: string;
  readonly mode?: string;
}

test('a failure that every sync meets is one line, a quiet sync a debug line, and neither token nor private key is in any', async () => {
  const privateKey = path.join(node.root, 'private');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', privateKey]);
  const pasted = readFileSync(privateKey, 'utf8');
  const key = `ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(seedRandom(3))).toString('base64')}`;
  const alice = await node.pushUser('alice@example.com', key);
  const mallory = await node.pushUser('mallory\u001b[2J\u202e@example.com', pasted);
  await node.pushGroup('slurm-users', [alice, mallory]);
  node.configure('sync: { poll: "* * * * * *" }\nmetrics: { textfile: /metrics.prom }\n');
  // There is no /etc/sudoers.d here, so that the rules can never be written.
  const config = path.join(node.root, 'etc/sunk-agent/config.yaml');
  const sudo = '$&\n  sudo_groups: [{ name: slurm-users }]';
  writeFileSync(config, readFileSync(config, 'utf8').replace(/^ {2}groups:.*$/m, sudo));

  vi.stubEnv('LOG_LEVEL', 'trace');
  const daemon = node.start('run');
  vi.unstubAllEnvs();
  const [said, printed] = [text(daemon.stderr!), text(daemon.stdout!)];
  const ended = once(daemon, 'exit');
  try {
    await vi.waitFor(
      () =>
        expect(node.read('metrics.prom')).toMatch(
          /changes_total\{kind="sudoers-write",result="failed"\} [4-9]/,
        ),
      { timeout: 80_000, interval: 300 },
    );
  } finally {
    daemon.kill('SIGTERM');
    await ended;
  }
  const stderr = await said;
  const lines = stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
  expect(lines.filter(({ problem }) => problem !== undefined)).toHaveLength(1);
  const syncs = lines.filter(({ msg }) => msg === 'sync ended');
  expect(syncs.length).toBeGreaterThanOrEqual(4);
  expect(syncs.filter(({ level }) => level > 20).length).toBeLessThanOrEqual(2);
  const body = pasted.split('\n')[1] ?? '';
  for (const secret of [node.testbed.readToken, node.testbed.token, body]) {
    expect(secret.length).toBeGreaterThan(8);
    expect(stderr + (await printed)).not.toContain(secret);
  }
  expect(stderr).not.toMatch(/(?!\n)\p{C}/u);
});
