// What fetching the whole store costs, against a bare loop over the same pages, at 100 to 100,000 people.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Bundled, makeBundled } from './bundled.ts';
import { showProgress } from './progress.ts';
import { makeRow, median, type Row } from './row.ts';
import { makeStoreNode } from './store-node.ts';
import { startLargeStore } from './store-process.ts';
import { startWorker, type Worker } from './worker.ts';

/** People, with a group for each hundred; the goal holds for the largest, the others show how cost grows. */
const SIZES = [100, 1000, 10_000, 100_000] as const;
const GOAL = 2.5;
const TURNS = 3;
/** As many requests at once as the reader has. */
const IN_FLIGHT = 4;

/** The agent's side is the bundle, with the flags of the package. */
export async function benchSync(): Promise<Row[]> {
  const bundled = await makeBundled({ 'sync-agent': 'test/bench/sync-agent.ts' });
  try {
    const rows: Row[] = [];
    for (const size of SIZES) {
      showProgress(`sync/sizes: ${size} people`);
      rows.push(...(await benchSize(bundled, size)));
    }
    return rows;
  } finally {
    bundled.remove();
  }
}

async function benchSize({ lib, as }: Bundled, size: number): Promise<Row[]> {
  const root = mkdtempSync(path.join(tmpdir(), 'bench-sync-'));
  const store = await startLargeStore(size, size / 100);
  try {
    const { baseUrl, readToken } = store;
    makeStoreNode(root, { baseUrl, readToken }, `scim: { base_url: "${baseUrl}", budget: 1000/s }\n`);
    const agent = startWorker(path.join(lib, 'sync-agent.js'), [root], as);
    const loop = startWorker('sync-reference.ts', [
      baseUrl,
      readToken,
      path.join(root, 'reference.sqlite'),
      String(IN_FLIGHT),
    ]);
    const rows = await measure(agent, loop, size);
    await Promise.all([agent.stop(), loop.stop()]);
    return rows;
  } finally {
    await store.stop();
    rmSync(root, { recursive: true });
  }
}

async function measure(agent: Worker, loop: Worker, size: number): Promise<Row[]> {
  const spent = { first: [] as number[], store: [] as number[], sync: [] as number[], parse: [] as number[] };
  // The store prepares its pages, and all code is warm; the agent's pages and the loop's are the same.
  await loop.ask('parse');
  await agent.ask('first');
  for (let turn = 0; turn < TURNS; turn += 1) {
    spent.store.push(await loop.ask<number>('store'));
    spent.first.push(await agent.ask<number>('first'));
  }
  await agent.ask('sync');
  for (let turn = 0; turn < TURNS; turn += 1) {
    spent.parse.push(await loop.ask<number>('parse'));
    spent.sync.push(await agent.ask<number>('sync'));
  }
  const name = size >= 1000 ? `${size / 1000}k` : String(size);
  const row = (what: string, samples: readonly number[], reference: readonly number[]): Row =>
    makeRow({
      bench: 'sync',
      row: `${what}-${name}`,
      unit: 'ms',
      measured: median(samples),
      samples,
      reference: median(reference),
      goal: size === SIZES.at(-1) ? GOAL : null,
    });
  return [row('first-sync', spent.first, spent.store), row('full-sync-no-change', spent.sync, spent.parse)];
}
