// What hearing 100,000 people and 1,000 groups costs, against a bare loop over the same pages.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { IMAGE } from './image.ts';
import { makeRow, type Row } from './row.ts';
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
    makeNode(root, baseUrl, readToken);
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
  const spent = { first: 0, store: 0, pass: 0, parse: 0 };
  // The store prepares its pages, and everybody's code is warm; the agent's pages and the loop's are the same.
  await loop.ask('parse');
  await agent.ask('first');
  for (let turn = 0; turn < TURNS; turn += 1) {
    spent.store += await loop.ask<number>('store');
    spent.first += (await agent.ask<{ ms: number }>('first')).ms;
  }
  await agent.ask('pass');
  for (let turn = 0; turn < TURNS; turn += 1) {
    spent.parse += await loop.ask<number>('parse');
    spent.pass += (await agent.ask<{ ms: number }>('pass')).ms;
  }
  const peak = memory.stop();
  const row = (name: string, ours: number, reference: number): Row =>
    makeRow({
      bench: 'sync',
      row: name,
      unit: 'ms',
      ours: ours / TURNS,
      reference: reference / TURNS,
      goal: 2.5,
    });
  return [
    row('first-sync-100k', spent.first, spent.store),
    row('full-pass-no-change-100k', spent.pass, spent.parse),
    makeRow({ bench: 'sync', row: 'peak-pss-mb-100k', unit: 'MB', ours: peak, reference: null, goal: 350 }),
  ];
}

/** A node with one access group, of the hundred people of the first group; the mirror has them all. */
function makeNode(root: string, baseUrl: string, token: string): void {
  for (const folder of ['etc/sunk-agent/credentials', 'etc/skel', 'etc/sudoers.d', 'home'])
    mkdirSync(path.join(root, folder), { recursive: true });
  for (const [file, text] of IMAGE) writeFileSync(path.join(root, file), text);
  writeFileSync(path.join(root, 'etc/sunk-agent/credentials/scim-token'), `${token}\n`);
  writeFileSync(
    path.join(root, 'etc/sunk-agent/config.yaml'),
    `scim: { base_url: "${baseUrl}", budget: 1000/s }
access: { groups: [{ name: group0001 }] }
accounts: { domains: [example.com], homes: never, id_range: [65536, 524287] }
`,
  );
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
