// A publisher between store and followers: what it asks of the store, how soon a revocation arrives, and what 5,000 readers cost it.
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeThrowawayRoot, type ThrowawayRoot } from '../support/nodes/throwaway-root.ts';
import { PublishRig } from '../support/publish/publish-rig.ts';
import { makeEd25519, seedRandom, writeBlob } from '../support/records/key-corpus.ts';
import { awaitSerial, serialOf, startFollowers } from './publish.ts';
import { findFamily, readCpu } from './processes.ts';
import { showProgress } from './progress.ts';
import { makeRow, quantile, type Row } from './row.ts';

const FOLLOWERS = 10;
const REVOCATIONS = 12;
const READERS = 5000;
const READ_SECONDS = 20;

const CONFIG = `  backend: publish
sync: { poll: "*/5 * * * * *" }
metrics: { textfile: /metrics.prom }
`;

export async function benchPublishFromStore(): Promise<Row[]> {
  const node = await makeThrowawayRoot();
  const rig = new PublishRig(path.join(node.root, 'srv/sunk-agent'));
  try {
    const people = await fill(node, rig);
    const daemon = node.start('run');
    const ended = once(daemon, 'exit');
    const names = Array.from({ length: FOLLOWERS }, (_, n) => `f${n}`);
    const followers = startFollowers(rig, names, 1);
    showProgress(`publish: a publisher and ${FOLLOWERS} followers start`);
    while (serialOf(rig) === 0) await sleep(100);
    for (const name of names) await awaitSerial(rig, name, serialOf(rig));
    const rows = [
      ...(await revokeAtStore(node, rig, people, names)),
      ...(await readBesides(node, rig, daemon.pid ?? 0)),
    ];
    followers.kill('SIGKILL');
    daemon.kill('SIGTERM');
    await ended;
    return rows;
  } finally {
    rig.remove();
    await node.close();
  }
}

interface StorePerson {
  readonly id: string;
  readonly name: string;
}

async function fill(node: ThrowawayRoot, rig: PublishRig): Promise<StorePerson[]> {
  const file = path.join(node.root, 'etc/sunk-agent/config.yaml');
  writeFileSync(file, `${readFileSync(file, 'utf8')}${CONFIG}limits: { max_loss: { at_least: 100 } }\n`);
  const key = path.join(node.root, 'var/lib/sunk-agent/publish-key');
  mkdirSync(path.dirname(key), { recursive: true });
  renameSync(rig.key, key);
  chmodSync(key, 0o600);
  // Polls alone, as at a store that has no events.
  await fetch(`${node.testbed.adminUrl}/settings`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ events: false }),
  });
  const random = seedRandom(25);
  const people: StorePerson[] = [];
  for (let n = 0; n < REVOCATIONS + 5; n += 1) {
    const blob = writeBlob('ssh-ed25519', makeEd25519(random)).toString('base64');
    people.push({ name: `p${n}`, id: await node.pushUser(`p${n}@example.com`, `ssh-ed25519 ${blob}`) });
  }
  await node.pushGroup(
    'slurm-users',
    people.map(({ id }) => id),
  );
  return people;
}

/** From the store's answer to the helper of the last follower that prints no key. */
async function revokeAtStore(
  node: ThrowawayRoot,
  rig: PublishRig,
  people: readonly StorePerson[],
  names: readonly string[],
): Promise<Row[]> {
  const began = { at: performance.now(), requests: countRequests(node) };
  const samples: number[] = [];
  for (const { id, name } of people.slice(0, REVOCATIONS)) {
    showProgress(`publish: ${samples.length} of ${REVOCATIONS} revocations at the store`);
    const uid = Number(new RegExp(`^${name}:x:(\\d+):`, 'm').exec(rig.read('passwd.cache', 'f0'))?.[1]);
    // Anywhere between two polls.
    await sleep(250 * (samples.length % REVOCATIONS));
    await node.scim('PATCH', `/Users/${id}`, {
      Operations: [{ op: 'replace', path: 'active', value: false }],
    });
    const start = performance.now();
    for (const follower of names) while (rig.keys(name, uid, follower) !== '') await sleep(20);
    samples.push((performance.now() - start) / 1000);
  }
  const seconds = (performance.now() - began.at) / 1000;
  const perSecond = (countRequests(node) - began.requests) / seconds;
  return [
    row('revoke-polled-p95-s', 's', samples, quantile(samples, 0.95), 8),
    row('publisher-requests-per-s', 'requests/s', [], perSecond, 1),
  ];
}

/** Readers of the volume, each with one poll a second, and the publisher's processor and requests meanwhile. */
async function readBesides(node: ThrowawayRoot, rig: PublishRig, pid: number): Promise<Row[]> {
  showProgress(`publish: ${READERS} readers`);
  const family = findFamily(pid);
  const before = { cpu: readCpu(family), requests: countRequests(node), at: performance.now() };
  const buffer = Buffer.alloc(65_536);
  let reads = 0;
  for (let second = 0; second < READ_SECONDS; second += 1) {
    showProgress(`publish: ${READERS} readers for ${second} of ${READ_SECONDS} s`);
    const start = performance.now();
    for (let reader = 0; reader < READERS; reader += 1) {
      const fd = openSync(path.join(rig.volume, 'root'), 'r');
      reads += readSync(fd, buffer) > 0 ? 1 : 0;
      closeSync(fd);
    }
    await sleep(Math.max(0, 1000 - (performance.now() - start)));
  }
  const seconds = (performance.now() - before.at) / 1000;
  return [
    row('readers-5000-reads-per-s', 'reads/s', [], reads / seconds, null),
    row(
      'readers-5000-publisher-cpu-ms-per-s',
      'ms/s',
      [],
      ((readCpu(family) - before.cpu) * 1000) / seconds,
      null,
    ),
    row(
      'readers-5000-publisher-requests-per-s',
      'requests/s',
      [],
      (countRequests(node) - before.requests) / seconds,
      1,
    ),
  ];
}

/** Of the publisher to the store, by its own metrics. */
function countRequests(node: ThrowawayRoot): number {
  const lines = [...node.read('metrics.prom').matchAll(/^sunk_agent_store_requests_total\{.*\} (\d+)$/gm)];
  return lines.reduce((sum, [, count]) => sum + Number(count), 0);
}

const row = (
  name: string,
  unit: string,
  samples: readonly number[],
  measured: number,
  goal: number | null,
): Row => makeRow({ bench: 'publish', row: name, unit, measured, samples, reference: null, goal });
