// What the daemon costs a node at rest: memory and processor time of both processes, from the bundle, polling as by default.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeThrowawayRoot, type ThrowawayRoot } from '../support/nodes/throwaway-root.ts';
import { makeEd25519, seedRandom, writeBlob } from '../support/records/key-corpus.ts';
import { makeBundled } from './bundled.ts';
import { findFamily, readCpu, readPss } from './processes.ts';
import { showProgress } from './progress.ts';
import { makeRow, type Row } from './row.ts';

/** As the goal has it; BENCH_IDLE_SECONDS shortens it for a look, to a minute or more. */
const SECONDS = Number(process.env['BENCH_IDLE_SECONDS'] ?? 600);
/** A company's worth of people, each with a key. */
const PEOPLE = 1000;
/** A poll comes every thirty seconds, and this is twice as long. */
const LOOK_SECONDS = 60;
/** The first syncs are over by then, and what they left in the heap is collected. */
const SETTLE_SECONDS = 30;

export async function benchIdle(): Promise<Row[]> {
  const bundled = await makeBundled();
  const node = await makeThrowawayRoot();
  try {
    await pushPeople(node);
    // As in the packaged units: the wrapper execs, so that the child is the daemon itself.
    const daemon = spawn(bundled.program, ['run', '--root', node.root], {
      stdio: 'ignore',
    });
    const ended = once(daemon, 'exit');
    process.once('exit', () => daemon.kill('SIGTERM'));
    try {
      await waitForSync(node);
      await sleep(SETTLE_SECONDS * 1000);
      const pids = findFamily(daemon.pid ?? 0);
      if (pids.length !== 2) throw new Error(`two processes were expected, and there are ${pids.length}`);
      const memory: number[] = [];
      const shares: number[] = [];
      for (let second = 0; second < SECONDS; second += LOOK_SECONDS) {
        showProgress(`idle: ${second} of ${SECONDS} s`);
        const before = readCpu(pids);
        await sleep(LOOK_SECONDS * 1000);
        memory.push(readPss(pids));
        shares.push((readCpu(pids) - before) / LOOK_SECONDS);
      }
      const share = shares.reduce((sum, one) => sum + one, 0) / shares.length;
      const row = (
        name: string,
        unit: string,
        measured: number,
        samples: readonly number[],
        goal: number,
      ): Row => makeRow({ bench: 'idle', row: name, unit, measured, samples, reference: null, goal });
      return [
        row('idle-pss-mb', 'MB', Math.max(...memory), memory, 85),
        row('idle-cpu-share', 'cores', share, shares, 0.003),
      ];
    } finally {
      daemon.kill('SIGTERM');
      await ended;
    }
  } finally {
    await node.close();
    bundled.remove();
  }
}

async function pushPeople(node: ThrowawayRoot): Promise<void> {
  const random = seedRandom(1);
  const members: string[] = [];
  for (let n = 0; n < PEOPLE; n += 1) {
    const key = writeBlob('ssh-ed25519', makeEd25519(random)).toString('base64');
    members.push(await node.pushUser(`u${n}@example.com`, `ssh-ed25519 ${key}`));
  }
  await node.pushGroup('slurm-users', members);
}

async function waitForSync(node: ThrowawayRoot): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    await sleep(200);
    try {
      if (readdirSync(`${node.root}/var/lib/sunk-agent/authorized_keys`).length === PEOPLE) return;
    } catch {
      // Not made yet.
    }
  }
  throw new Error('the first sync did not end within two minutes');
}
