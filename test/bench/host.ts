// What accounts and keys cost from a full cache, without a network: a node made anew, one changed key, and a quiet pass.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PassReport } from '../../src/agent/report.ts';
import { IMAGE } from './image.ts';
import { makeRow, median, type Row } from './row.ts';
import { startWorker } from './worker.ts';

const SIZES = [100, 1000, 10_000, 100_000] as const;
const GOALS: Readonly<Record<string, number>> = {
  'cold-apply-10k-s': 1.5,
  'one-key-10k-ms': 150,
  'one-key-100k-ms': 1000,
  'no-change-writes': 0,
};
const CONFIG = `scim: { base_url: "https://store.example" }
access: { groups: [{ name: slurm-users }] }
accounts: { domains: [example.com], homes: never, id_range: [65536, 524287] }
limits: { max_gain: { replaced_keys: 1 } }
`;

interface Answer {
  readonly ms: number;
  readonly report: PassReport;
}

export async function benchHost(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of SIZES) rows.push(...(await benchSize(size)));
  return rows;
}

async function benchSize(size: number): Promise<Row[]> {
  const root = mkdtempSync(path.join(tmpdir(), 'bench-host-'));
  try {
    makeImage(root);
    const filler = startWorker('host-agent.ts', [root, String(size)]);
    await filler.ask('fill');
    await filler.stop();

    const colds: number[] = [];
    for (let turn = 0; turn < (size > 10_000 ? 1 : 3); turn += 1) {
      makeImage(root);
      // From the start of the process to the last file, as the boot of a pod waits for it.
      const start = performance.now();
      const daemon = startWorker('host-agent.ts', [root, String(size)]);
      const { report } = await daemon.ask<Answer>('pass');
      colds.push((performance.now() - start) / 1000);
      if (report.counts.accountsOpen !== size || report.changes.failed > 0)
        throw new Error(`not everybody has an account: ${JSON.stringify(report)}`);
      await daemon.stop();
    }

    const daemon = startWorker('host-agent.ts', [root, String(size)]);
    // The first pass of a process is not the usual one.
    await daemon.ask<Answer>('pass');
    const changes: number[] = [];
    const quiet: number[] = [];
    let writes = 0;
    for (let turn = 0; turn < 7; turn += 1) {
      const { ms, report } = await daemon.ask<Answer>('change');
      if (report.changes.done !== 1) throw new Error(`${report.changes.done} changes instead of one`);
      changes.push(ms);
      writes += await countWrites(root, async () => {
        quiet.push((await daemon.ask<Answer>('pass')).ms);
      });
    }
    await daemon.stop();
    const name = size >= 1000 ? `${size / 1000}k` : String(size);
    const figures: readonly [string, string, readonly number[]][] = [
      [`cold-apply-${name}-s`, 's', colds],
      [`one-key-${name}-ms`, 'ms', changes],
      [`no-change-${name}-ms`, 'ms', quiet],
      [size === 10_000 ? 'no-change-writes' : `no-change-writes-${name}`, 'files', [writes]],
    ];
    return figures.map(([row, unit, samples]) => {
      const ours = median(samples);
      return makeRow({ bench: 'host', row, unit, ours, samples, reference: null, goal: GOALS[row] ?? null });
    });
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** A fresh image with the cache of before: no account of ours, no key file. */
function makeImage(root: string): void {
  rmSync(path.join(root, 'etc'), { recursive: true, force: true });
  rmSync(path.join(root, 'var/lib/sunk-agent/authorized_keys'), { recursive: true, force: true });
  for (const folder of ['etc/sunk-agent', 'etc/skel', 'etc/sudoers.d', 'home', 'run', 'var/lib'])
    mkdirSync(path.join(root, folder), { recursive: true });
  for (const [file, text] of IMAGE) writeFileSync(path.join(root, file), text);
  writeFileSync(path.join(root, 'etc/sunk-agent/config.yaml'), CONFIG);
}

/** Counts, by inotify(7) from this process, whatever is written outside of the state folder while `work` runs. */
async function countWrites(root: string, work: () => Promise<void>): Promise<number> {
  const state = path.join(root, 'var/lib/sunk-agent/cache');
  const folders = [
    root,
    ...readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => path.join(entry.parentPath, entry.name)),
  ].filter((folder) => folder !== state && !folder.startsWith(`${state}/`));
  const written = new Set<string>();
  const watchers = folders.map((folder) =>
    watch(folder, (_, name) => {
      const file = path.join(folder, name ?? '');
      if (file !== state) written.add(file);
    }),
  );
  await work();
  // What the kernel has to say comes a moment later.
  await sleep(100);
  for (const watcher of watchers) watcher.close();
  return written.size;
}
