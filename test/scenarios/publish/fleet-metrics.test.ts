// A publisher's daemon counts its followers: real followers leave heartbeats on a volume of their own, and Prometheus' request gets them.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { findFreePort } from '../../../src/demo/free-port.ts';
import { parseManifest } from '../../../src/publish/manifest.ts';
import { readRoot } from '../../../src/publish/volume.ts';
import { eventually } from '../../support/eventually.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../../support/nodes/throwaway-root.ts';
import { FOLLOWER, PublishRig } from '../../support/publish/publish-rig.ts';
import { makeEd25519, seedRandom, writeBlob } from '../../support/records/key-corpus.ts';

const isRoot = process.geteuid?.() === 0;
afterAll(() => {
  if (!isRoot) process.stderr.write('skipped: followers need root (unshare --pid)\n');
});

describe.runIf(isRoot)('the metrics of a publisher', () => {
  let node: ThrowawayRoot;
  let rig: PublishRig;
  let port: number;
  const running: ChildProcess[] = [];
  const at = (...parts: string[]): string => path.join(node.root, ...parts);

  beforeAll(async () => {
    node = await makeThrowawayRoot();
    rig = new PublishRig(at('srv/sunk-agent'));
    port = await findFreePort();
    mkdirSync(at('srv/heartbeats'));
    mkdirSync(at('var/lib/sunk-agent'), { recursive: true });
    renameSync(rig.key, at('var/lib/sunk-agent/publish-key'));
    chmodSync(at('var/lib/sunk-agent/publish-key'), 0o600);
    node.configure(`  backend: publish
publish: { heartbeats: /srv/heartbeats }
sync: { poll: "*/2 * * * * *" }
metrics: { listen: "127.0.0.1:${port}" }
`);
    const key = writeBlob('ssh-ed25519', makeEd25519(seedRandom(7))).toString('base64');
    await node.pushGroup('slurm-users', [await node.pushUser('alice@example.com', `ssh-ed25519 ${key}`)]);
  });
  afterAll(async () => {
    for (const one of running) if (one.exitCode === null) one.kill('SIGKILL');
    rig?.remove();
    await node?.close();
  });

  /** A pod: a host name and processes of its own. */
  function startFollower(name: string, volume = rig.volume): ChildProcess {
    const config = rig.configure(name, { volume, heartbeats: at('srv/heartbeats') });
    const script = 'echo "$1" >/proc/sys/kernel/hostname && exec sh "$2" "$3"';
    const own = ['--uts', '--pid', '--fork', '--mount-proc', '--kill-child'];
    const pod = spawn('unshare', [...own, 'sh', '-c', script, 'sh', name, FOLLOWER, config], {
      stdio: 'ignore',
    });
    running.push(pod);
    return pod;
  }

  /** By name, with labels as they stand. */
  async function scrape(): Promise<Record<string, number>> {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => null);
    const text = answer === null ? '' : await answer.text();
    const lines = [...text.matchAll(/^sunk_agent_(followers\S*|heartbeats_\S+|published_\S+) (\S+)$/gm)];
    return Object.fromEntries(lines.map(([, name = '', value]) => [name, Number(value)]));
  }

  const reports = (name: string): boolean => existsSync(at('srv/heartbeats', name));

  test(
    'count real followers by what they report, and again when one is gone',
    { timeout: 400_000 },
    async () => {
      expect(await node.run('sync')).toMatchObject({ status: 0 });
      const altered = path.join(rig.directory, 'altered');
      cpSync(rig.volume, altered, { recursive: true });
      writeFileSync(path.join(altered, 'root'), 'none');
      startFollower('pod-a');
      const gone = startFollower('pod-b');
      startFollower('pod-c', altered);
      writeFileSync(at('srv/heartbeats/pod-d'), 'none');
      for (const name of ['pod-a', 'pod-b', 'pod-c'])
        await eventually(`${name} reports`, () => reports(name));

      const daemon = node.start('run');
      const ended = once(daemon, 'exit');
      try {
        const wait = { timeout: 150_000, interval: 500 };
        await vi.waitFor(async () => {
          expect(await scrape()).toEqual({
            'followers{standing="current"}': 2,
            'followers{standing="behind"}': 0,
            'followers{standing="faulty"}': 1,
            'followers{standing="stale"}': 0,
            heartbeats_malformed: 1,
            heartbeats_cut: 0,
            published_timestamp_seconds: parseManifest(readRoot(rig.volume)?.text ?? '')?.signedAt,
          });
        }, wait);
        gone.kill('SIGKILL');
        await once(gone, 'exit');
        // As three minutes later.
        const past = Date.now() / 1000 - 180;
        utimesSync(at('srv/heartbeats/pod-b'), past, past);
        await vi.waitFor(async () => {
          expect(await scrape()).toMatchObject({
            'followers{standing="current"}': 1,
            'followers{standing="faulty"}': 1,
            'followers{standing="stale"}': 1,
          });
        }, wait);
      } finally {
        daemon.kill('SIGTERM');
        expect(await ended).toEqual([0, null]);
      }
    },
  );
});
