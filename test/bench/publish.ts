// What one reader a cluster costs: a follower's processor, memory and bytes, and how soon 100 followers refuse who left.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseManifest } from '../../src/publish/manifest.ts';
import type { Publisher } from '../../src/publish/publisher.ts';
import { readRoot } from '../../src/publish/volume.ts';
import { FOLLOWER, stateOf, type Person, PublishRig } from '../support/publish/publish-rig.ts';
import { findFamily, readCpu, readPss } from './processes.ts';
import { showProgress } from './progress.ts';
import { makeRow, median, quantile, type Row } from './row.ts';

const PEOPLE = 10_000;
const FOLLOWERS = 100;
/** Each gives a figure a follower. */
const REVOCATIONS = 8;
const UPDATES = 40;

export async function benchPublish(): Promise<Row[]> {
  const rig = new PublishRig();
  try {
    const organisation = new Organisation(rig);
    organisation.publish();
    return [
      ...benchStart(rig),
      ...(await benchOne(rig, organisation)),
      ...(await benchMany(rig, organisation)),
    ];
  } finally {
    rig.remove();
  }
}

/** 10,000 people, each with a key line of usual length, and those who have left. */
class Organisation {
  private readonly people: Person[];
  private readonly publisher: Publisher;
  private clock = Math.floor(Date.now() / 1000);
  private turn = 0;

  constructor(rig: PublishRig) {
    this.publisher = rig.publisher();
    this.people = Array.from({ length: PEOPLE }, (_, n) => this.makePerson(n));
  }

  private makePerson(n: number): Person {
    const key = `AAAAC3NzaC1lZDI1NTE5AAAAI${String(n * 1000 + this.turn).padStart(43, 'B')}`;
    return {
      name: `person${String(n).padStart(5, '0')}`,
      uid: 20_000 + n,
      key: `expiry-time="20270101000000" ssh-ed25519 ${key} 5d0c8f0e-2a71-4c39-9b1e-6f3a7d20c845`,
    };
  }

  /** One person has another key. */
  changeKey(): number {
    this.turn += 1;
    this.people[this.turn] = this.makePerson(this.turn);
    return this.publish();
  }

  /** One person leaves. */
  disable(): Person {
    this.turn += 1;
    const n = PEOPLE - this.turn;
    const person = { ...this.makePerson(n), isDisabled: true };
    this.people[n] = person;
    this.publish();
    return person;
  }

  publish(): number {
    this.clock += 1;
    return this.publisher.publish(stateOf(this.people), 'abc123', this.clock).serial;
  }
}

const row = (
  name: string,
  unit: string,
  samples: readonly number[],
  measured: number,
  goal: number | null,
): Row => makeRow({ bench: 'publish', row: name, unit, measured, samples, reference: null, goal });

/** A pod that is created: from nothing to the first key that its helper prints. */
function benchStart(rig: PublishRig): Row[] {
  showProgress('publish: start');
  const samples = Array.from({ length: 5 }, (_, n) => {
    const began = performance.now();
    const { status, log } = rig.follow(`fresh${n}`);
    if (status !== 0 || rig.keys('person00042', 20_042, `fresh${n}`) === '')
      throw new Error(`no login: ${log}`);
    const seconds = (performance.now() - began) / 1000;
    rmSync(rig.run(`fresh${n}`), { recursive: true });
    return seconds;
  });
  return [row('start-to-first-login-s', 's', samples, median(samples), 1.5)];
}

/** One follower: at rest, and with one changed key a generation. */
async function benchOne(rig: PublishRig, organisation: Organisation): Promise<Row[]> {
  showProgress('publish: one follower');
  const follower = startFollowers(rig, ['one'], 0.1);
  const pid = await findShell(follower.pid ?? 0);
  await awaitSerial(rig, 'one', serialOf(rig));
  await sleep(1000);
  const polls = 200;
  const quiet = readCpu([pid]);
  showProgress(`publish: ${polls} polls of one follower`);
  await sleep(polls * 100);
  const pollMs = ((readCpu([pid]) - quiet) * 1000) / polls;
  const sizes: number[] = [];
  const before = readCpu([pid]);
  const began = performance.now();
  for (let n = 0; n < UPDATES; n += 1) {
    showProgress(`publish: ${n} of ${UPDATES} updates at one follower`);
    const known = new Set(filesOf(rig).map(({ hash }) => hash));
    const serial = organisation.changeKey();
    await awaitSerial(rig, 'one', serial);
    const fresh = filesOf(rig).filter(({ hash, name }) => !known.has(hash) && name !== 'ledger');
    sizes.push(
      fresh.reduce((sum, { size }) => sum + size, statSync(path.join(rig.volume, 'root')).size) / 1000,
    );
  }
  // The polls in between are not the update's.
  const pollsBetween = (performance.now() - began) / 100;
  const updateMs = ((readCpu([pid]) - before) * 1000 - pollsBetween * pollMs) / UPDATES;
  const disk =
    Number(spawnSync('du', ['-sB1', rig.run('one')], { encoding: 'utf8' }).stdout.split('\t')[0]) / 1e6;
  const memory = disk + readPss(findFamily(pid));
  follower.kill('SIGKILL');
  await once(follower, 'exit');
  return [
    row('poll-cpu-ms', 'ms', [], pollMs, 2),
    row('update-cpu-ms', 'ms', [], updateMs, 60),
    row('update-cpu-5000-followers-s', 's', [], (updateMs * 5000) / 1000, null),
    row('update-bytes-kb', 'kB', sizes, median(sizes), 128),
    row('pod-memory-mb', 'MB', [], memory, 25),
  ];
}

/** A hundred followers, each with a poll a second: from the decision to the file without a key, which each helper reads. */
async function benchMany(rig: PublishRig, organisation: Organisation): Promise<Row[]> {
  const names = Array.from({ length: FOLLOWERS }, (_, n) => `f${n}`);
  const followers = startFollowers(rig, names, 1);
  for (const [n, name] of names.entries()) {
    showProgress(`publish: ${n} of ${FOLLOWERS} followers have started`);
    await awaitSerial(rig, name, serialOf(rig));
  }
  const samples: number[] = [];
  for (let n = 0; n < REVOCATIONS; n += 1) {
    showProgress(`publish: ${n} of ${REVOCATIONS} revocations at ${FOLLOWERS} followers`);
    const began = performance.now();
    const person = organisation.disable();
    const waiting = new Set(names);
    while (waiting.size > 0) {
      for (const name of waiting) {
        if (hasKey(rig, name, person)) continue;
        waiting.delete(name);
        samples.push((performance.now() - began) / 1000);
      }
      await sleep(10);
    }
    for (const name of names) await awaitSerial(rig, name, serialOf(rig));
  }
  followers.kill('SIGKILL');
  await once(followers, 'exit');
  return [row('revoke-to-follower-p95-s', 's', samples, quantile(samples, 0.95), 3)];
}

/** Each with processes of its own, as in a pod, so that they end none of this machine; unshare(1) ignores SIGTERM. */
export function startFollowers(rig: PublishRig, names: readonly string[], poll: number): ChildProcess {
  const configs = names.map((name) => rig.configure(name, { poll: String(poll) }));
  const own = ['--pid', '--fork', '--mount-proc', '--kill-child'];
  const script = `for config in "$@"; do unshare ${own.join(' ')} sh "$0" "$config" & done; wait`;
  const program =
    names.length === 1 ? ['sh', FOLLOWER, ...configs] : ['sh', '-c', script, FOLLOWER, ...configs];
  return spawn('unshare', [...own, ...program], { stdio: 'ignore' });
}

/** The follower's shell, a child of unshare(1). */
async function findShell(pid: number): Promise<number> {
  for (;;) {
    const [, child] = findFamily(pid);
    if (child !== undefined) return child;
    await sleep(10);
  }
}

const filesOf = (rig: PublishRig) => parseManifest(readRoot(rig.volume)?.text ?? '')?.files ?? [];
export const serialOf = (rig: PublishRig): number =>
  parseManifest(readRoot(rig.volume)?.text ?? '')?.serial ?? 0;

function hasSerial(rig: PublishRig, name: string, serial: number): boolean {
  try {
    return readlinkSync(path.join(rig.run(name), 'current')) === `generations/${serial}`;
  } catch {
    return false;
  }
}

/** What the helper of this follower would look into; names may follow later. */
function hasKey(rig: PublishRig, name: string, { name: account, uid }: Person): boolean {
  const shards = Number(rig.read('shards', name));
  return rig.read(`keys/${uid % shards}`, name).includes(`${account} ${uid} `);
}

export async function awaitSerial(rig: PublishRig, name: string, serial: number): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (!hasSerial(rig, name, serial)) {
    if (Date.now() > deadline)
      throw new Error(
        `${name} did not follow: ${readFileSync(path.join(rig.run(name), 'follower.status'), 'utf8')}`,
      );
    await sleep(5);
  }
}
