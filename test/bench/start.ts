// What a process costs that begins anew, with 10,000 accounts that agree with the store: one sync, and a daemon until it is ready.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Bundled, makeBundled } from './bundled.ts';
import { type NsscacheRun, prepareNsscache } from './nsscache.ts';
import { watchPeak } from './processes.ts';
import { showProgress } from './progress.ts';
import { makeRow, median, type Row } from './row.ts';
import { makeStoreNode } from './store-node.ts';
import { type LargeStore, startLargeStore } from './store-process.ts';

const PEOPLE = 10_000;
/** A hundred people each. */
const GROUPS = 100;
const TURNS = 5;
/** What nsscache took for its four maps of as many people once, on two quiet cores; NSSCACHE has it run beside us. */
const NSSCACHE_S = 1.4;
const CHECKOUT = process.env['NSSCACHE'];
const MOST_MB = 120;

interface Cost {
  readonly seconds: number;
  /** The largest sum of PSS of the process and its reader. */
  readonly mb: number;
}

export async function benchStart(): Promise<Row[]> {
  const bundled = await makeBundled();
  const store = await startLargeStore(PEOPLE, GROUPS);
  const root = mkdtempSync(path.join(tmpdir(), 'bench-start-'));
  try {
    layNode(root, store);
    showProgress('start: the first sync of 10,000 people');
    // Once more: only after a second complete answer nothing is left to do.
    for (let n = 0; n < 2; n += 1) await runSync(bundled, root);
    const peer =
      CHECKOUT === undefined ? null : prepareNsscache(CHECKOUT, store, path.join(root, 'nsscache'));
    const peers: Cost[] = [];
    const syncs: Cost[] = [];
    const starts: Cost[] = [];
    for (let turn = 0; turn < TURNS; turn += 1) {
      showProgress(`start: ${turn} of ${TURNS} turns`);
      syncs.push(await runSync(bundled, root));
      starts.push(await startDaemon(bundled, root));
      if (peer !== null) peers.push(await runPeer(peer));
    }
    const reference = peers.length === 0 ? null : median(peers.map((cost) => cost.seconds));
    return [
      ...rows('one-shot-sync-10k', syncs, reference),
      ...rows('daemon-ready-10k', starts, reference),
      ...(reference === null ? [] : [peerRow(peers)]),
    ];
  } finally {
    await store.stop();
    rmSync(root, { recursive: true });
    bundled.remove();
  }
}

/** @param reference seconds of nsscache in the same run. */
function rows(name: string, costs: readonly Cost[], reference: number | null): Row[] {
  const [seconds, mb] = [costs.map((cost) => cost.seconds), costs.map((cost) => cost.mb)];
  return [
    makeRow({
      bench: 'start',
      row: `${name}-s`,
      unit: 's',
      measured: median(seconds),
      samples: seconds,
      reference,
      goal: reference === null ? NSSCACHE_S : 1,
    }),
    makeRow({
      bench: 'start',
      row: `${name}-mb`,
      unit: 'MB',
      measured: Math.max(...mb),
      samples: mb,
      reference: null,
      goal: MOST_MB,
    }),
  ];
}

function peerRow(costs: readonly Cost[]): Row {
  const samples = costs.map((cost) => cost.mb);
  const measured = Math.max(...samples);
  return makeRow({
    bench: 'start',
    row: 'nsscache-10k-mb',
    unit: 'MB',
    measured,
    samples,
    reference: null,
    goal: null,
  });
}

async function runPeer({ command: [program, ...args], cwd }: NsscacheRun): Promise<Cost> {
  const begin = performance.now();
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
  const peak = watchPeak(child.pid ?? 0);
  const [status] = (await once(child, 'exit')) as [number | null];
  const mb = peak.stop();
  if (status !== 0) throw new Error(`nsscache ended with ${status}`);
  return { seconds: (performance.now() - begin) / 1000, mb };
}

/** All people have access. */
function layNode(root: string, store: LargeStore): void {
  makeStoreNode(root, store, `scim: { base_url: ${store.baseUrl} }\n`);
  const file = path.join(root, 'etc/sunk-agent/config.yaml');
  const names = Array.from({ length: GROUPS }, (_, n) => `{ name: group${String(n + 1).padStart(4, '0')} }`);
  writeFileSync(file, readFileSync(file, 'utf8').replace('{ name: group0001 }', names.join(', ')));
}

async function runSync({ program }: Bundled, root: string): Promise<Cost> {
  const begin = performance.now();
  const child = spawn(program, ['sync', '--root', root], { stdio: 'ignore' });
  const peak = watchPeak(child.pid ?? 0);
  const [status] = (await once(child, 'exit')) as [number | null];
  const mb = peak.stop();
  // 1: some of the generated people are refused.
  if (status !== 0 && status !== 1) throw new Error(`sync ended with ${status}`);
  return { seconds: (performance.now() - begin) / 1000, mb };
}

/** Until it says that it serves, as to s6-supervise. */
async function startDaemon({ program }: Bundled, root: string): Promise<Cost> {
  const begin = performance.now();
  const child = spawn(program, ['run', '--root', root], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { ...process.env, NOTIFY_FD: '3' },
  });
  const ended = once(child, 'exit');
  const peak = watchPeak(child.pid ?? 0);
  const ready = child.stdio[3];
  if (ready === null || ready === undefined) throw new Error('there is no descriptor to be notified by');
  await Promise.race([once(ready, 'data'), ended.then(() => Promise.reject(new Error('the daemon ended')))]);
  const seconds = (performance.now() - begin) / 1000;
  const mb = peak.stop();
  child.kill('SIGTERM');
  await ended;
  return { seconds, mb };
}
