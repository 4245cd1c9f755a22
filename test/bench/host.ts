// What accounts and keys cost from a full state database, without a network: a node made anew, one changed key, and a quiet sync.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SyncReport } from '../../src/agent/reconcile/sync-report.ts';
import { makeBundled, type Bundled } from './bundled.ts';
import { IMAGE } from './image.ts';
import { showProgress } from './progress.ts';
import { makeRow, median, type Row } from './row.ts';
import { startWorker, type Worker } from './worker.ts';

const SIZES = [100, 1000, 10_000, 100_000] as const;
const GOALS: Readonly<Record<string, number>> = {
  'cold-apply-10k-s': 1.5,
  'one-key-10k-ms': 150,
  'one-key-100k-ms': 1000,
  'no-change-writes': 0,
};
export const CONFIG = `scim: { base_url: "https://store.example" }
access: { groups: [{ name: slurm-users }] }
accounts: { domains: [example.com], homes: never, id_range: [65536, 524287] }
limits: { max_gain: { replaced_keys: 1, enabled_again: 1 } }
`;

interface Answer {
  readonly ms: number;
  readonly report: SyncReport;
}

export async function benchHost(): Promise<Row[]> {
  const bundled = await makeBundled({ 'host-agent': 'test/bench/host-agent.ts' });
  // What goes is removed at the end: ext4 without a journal shuns the inodes of files that were removed in the last
  // minutes, and looks at each of them before it makes a new one (fs/ext4/ialloc.c, recently_deleted).
  const trash = mkdtempSync(path.join(tmpdir(), 'bench-host-gone-'));
  const rows: Row[] = [];
  try {
    for (const size of SIZES) {
      showProgress(`host: ${size} people`);
      const root = path.join(trash, String(size));
      mkdirSync(root);
      rows.push(...(await benchSize(size, { root, trash, start: starter(bundled, root, size) })));
    }
    return rows;
  } finally {
    rmSync(trash, { recursive: true });
    bundled.remove();
  }
}

/** The agent's code as it is shipped, by the options and with the compile cache of its wrapper. */
const starter = (bundled: Bundled, root: string, size: number) => () =>
  startWorker(path.join(bundled.lib, 'host-agent.js'), [root, String(size)], bundled.as);

interface Place {
  readonly root: string;
  /** Of the same file system. */
  readonly trash: string;
  readonly start: () => Worker;
}

async function benchSize(size: number, { root, trash, start }: Place): Promise<Row[]> {
  makeImage(root, trash);
  const filler = start();
  await filler.ask('fill');
  await filler.stop();

  const colds: number[] = [];
  for (let turn = 0; turn < (size > 10_000 ? 1 : 3); turn += 1) {
    makeImage(root, trash);
    // From the start of the process to the last file, as the boot of a pod waits for it.
    const began = performance.now();
    const daemon = start();
    const { report } = await daemon.ask<Answer>('sync');
    colds.push((performance.now() - began) / 1000);
    if (report.counts.accountsEnabled !== size || report.changes.failed > 0)
      throw new Error(`not every user has an account: ${JSON.stringify(report)}`);
    await daemon.stop();
  }

  const floors = size === 10_000 ? [1, 2, 3].map(() => writeBareFiles(root, size)) : [];

  const daemon = start();
  // The first sync of a process is not the usual one.
  await daemon.ask<Answer>('sync');
  const changes: number[] = [];
  const quiet: number[] = [];
  let writes = 0;
  for (let turn = 0; turn < 7; turn += 1) {
    const { ms, report } = await daemon.ask<Answer>('change');
    if (report.changes.done !== 1) throw new Error(`${report.changes.done} changes instead of one`);
    changes.push(ms);
    writes += await countWrites(root, async () => {
      quiet.push((await daemon.ask<Answer>('sync')).ms);
    });
  }
  await daemon.stop();
  const name = size >= 1000 ? `${size / 1000}k` : String(size);
  const figures: [string, string, readonly number[]][] = [
    [`cold-apply-${name}-s`, 's', colds],
    [`one-key-${name}-ms`, 'ms', changes],
    [`no-change-${name}-ms`, 'ms', quiet],
    [size === 10_000 ? 'no-change-writes' : `no-change-writes-${name}`, 'files', [writes]],
  ];
  if (floors.length > 0) figures.push([`bare-files-${name}-s`, 's', floors]);
  const rows = figures.map(([row, unit, samples]) => {
    const measured = median(samples);
    return makeRow({
      bench: 'host',
      row,
      unit,
      measured,
      samples,
      reference: null,
      goal: GOALS[row] ?? null,
    });
  });
  if (floors.length > 0) rows.push(compareCold(colds, floors));
  return rows;
}

/** Against the same files, written without a thought. */
function compareCold(colds: readonly number[], floors: readonly number[]): Row {
  const [measured, reference] = [median(colds), median(floors)];
  const row = 'cold-apply-vs-bare';
  return makeRow({ bench: 'host', row, unit: 's', measured, samples: colds, reference, goal: 1.8 });
}

/** A fresh image with the state database of before: no managed account, no key file. */
function makeImage(root: string, trash: string): void {
  for (const directory of ['etc', 'var/lib/sunk-agent/authorized_keys']) {
    const old = path.join(root, directory);
    if (existsSync(old)) renameSync(old, path.join(mkdtempSync(path.join(trash, 'gone-')), 'old'));
  }
  for (const directory of ['etc/sunk-agent', 'etc/skel', 'etc/sudoers.d', 'home', 'run', 'var/lib'])
    mkdirSync(path.join(root, directory), { recursive: true });
  for (const [file, text] of IMAGE) writeFileSync(path.join(root, file), text);
  writeFileSync(path.join(root, 'etc/sunk-agent/config.yaml'), CONFIG);
}

/** What the key files alone would take, without anybody who knows what to write: seconds from the first to the disk. */
function writeBareFiles(root: string, count: number): number {
  const keys = path.join(root, 'var/lib/sunk-agent/authorized_keys');
  const [some = ''] = readdirSync(keys);
  const text = readFileSync(path.join(keys, some), 'utf8');
  const directory = mkdtempSync(path.join(root, 'bare-'));
  const start = performance.now();
  for (let n = 0; n < count; n += 1)
    writeFileSync(`${directory}/${n}`, text, { encoding: 'utf8', flag: 'wx', mode: 0o644 });
  execFileSync('sync', ['--file-system', directory]);
  return (performance.now() - start) / 1000;
}

/** Counts, by inotify(7) from this process, whatever is written outside of the state directory while `work` runs. */
async function countWrites(root: string, work: () => Promise<void>): Promise<number> {
  const state = path.join(root, 'var/lib/sunk-agent/cache');
  const directories = [
    root,
    ...readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => path.join(entry.parentPath, entry.name)),
  ].filter((directory) => directory !== state && !directory.startsWith(`${state}/`));
  const written = new Set<string>();
  const watchers = directories.map((directory) =>
    watch(directory, (_, name) => {
      const file = path.join(directory, name ?? '');
      if (file !== state) written.add(file);
    }),
  );
  await work();
  // What the kernel has to say comes a moment later.
  await sleep(100);
  for (const watcher of watchers) watcher.close();
  return written.size;
}
