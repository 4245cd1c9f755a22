// What hearing 100,000 people and 1,000 groups costs, against a bare loop over the same pages.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { makeRow, median, type Row } from './row.ts';
import { makeStoreNode } from './store-node.ts';
import { startWorker, type Worker } from './worker.ts';

const TURNS = 3;
/** As many requests at once as the reader has. */
const IN_FLIGHT = 4;

export async function benchSync(): Promise<Row[]> {
  const root = mkdtempSync(path.join(tmpdir(), 'bench-sync-'));
  const store = spawn(process.execPath, [path.join(import.meta.dirname, 'large-store.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [line] = (await once(createInterface(store.stdout), 'line')) as [string];
    const { baseUrl, readToken } = JSON.parse(line) as { baseUrl: string; readToken: string };
    makeStoreNode(root, { baseUrl, readToken }, `scim: { base_url: "${baseUrl}", budget: 1000/s }\n`);
    const agent = startWorker('sync-agent.ts', [root]);
    const loop = startWorker('sync-reference.ts', [
      baseUrl,
      readToken,
      path.join(root, 'reference.sqlite'),
      String(IN_FLIGHT),
    ]);
    const rows = await measure(agent, loop);
    await Promise.all([agent.stop(), loop.stop()]);
    return rows;
  } finally {
    store.kill();
    rmSync(root, { recursive: true });
  }
}

async function measure(agent: Worker, loop: Worker): Promise<Row[]> {
  const memory = watchMemory(agent.pid);
  const spent = { first: [] as number[], store: [] as number[], pass: [] as number[], parse: [] as number[] };
  // The store prepares its pages, and everybody's code is warm; the agent's pages and the loop's are the same.
  await loop.ask('parse');
  await agent.ask('first');
  for (let turn = 0; turn < TURNS; turn += 1) {
    spent.store.push(await loop.ask<number>('store'));
    spent.first.push((await agent.ask<{ ms: number }>('first')).ms);
  }
  await agent.ask('pass');
  for (let turn = 0; turn < TURNS; turn += 1) {
    spent.parse.push(await loop.ask<number>('parse'));
    spent.pass.push((await agent.ask<{ ms: number }>('pass')).ms);
  }
  const peak = memory.stop();
  const row = (name: string, samples: readonly number[], reference: readonly number[]): Row =>
    makeRow({
      bench: 'sync',
      row: name,
      unit: 'ms',
      ours: median(samples),
      samples,
      reference: median(reference),
      goal: 2.5,
    });
  return [
    row('first-sync-100k', spent.first, spent.store),
    row('full-pass-no-change-100k', spent.pass, spent.parse),
    makeRow({ bench: 'sync', row: 'peak-pss-mb-100k', unit: 'MB', ours: peak, reference: null, goal: 350 }),
  ];
}

/** The largest sum of PSS (proc_pid_smaps(5)) of a process and its children, in megabytes, looked at 20 times a second. */
function watchMemory(pid: number): { stop(): number } {
  let peak = 0;
  const timer = setInterval(() => {
    const children = readProc(`${pid}/task/${pid}/children`)
      .split(' ')
      .filter((text) => text !== '');
    const sum = [String(pid), ...children].reduce((total, process_) => {
      return total + Number(/^Pss:\s+(\d+)/m.exec(readProc(`${process_}/smaps_rollup`))?.[1] ?? 0);
    }, 0);
    peak = Math.max(peak, sum / 1024);
  }, 50);
  return {
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}

function readProc(file: string): string {
  try {
    return readFileSync(`/proc/${file}`, 'utf8');
  } catch {
    return '';
  }
}
