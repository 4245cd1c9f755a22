// What resolving a person costs: both backends against a flat file of the same people, on a throwaway node with libnss-cache.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { openPrivateNode, type PrivateNode } from '../support/nodes/private-node.ts';
import { ensureLayers } from '../support/nodes/base.ts';
import { BASE, PUBLISHED } from './nss-inside.ts';
import { showProgress } from './progress.ts';
import { makeRow, median, type Row } from './row.ts';

const SIZES = [100, 1000, 10_000, 100_000];
const WAYS = ['flat', 'local', 'nsscache'] as const;
const TURNS = 3;
const INSIDE = join(import.meta.dirname, 'nss-inside.ts');

/**
 * At most so much of the flat file's time. Our own lines in /etc/passwd are a flat file. The indexes win where files are
 * long; libnss-cache has no initgroups of its own, so that getgrouplist reads all of group.cache, line by line.
 */
const GOALS = {
  'getpwnam-local': () => 1.25,
  'getpwnam-nsscache': (size: number) => (size >= 10_000 ? 0.25 : 4),
  'getgrouplist-local': () => 1.25,
  'getgrouplist-nsscache': () => 2.5,
};

type Times = Record<'getpwnam' | 'getgrouplist', number>;

/** Needs root, and Debian's packages once. The three ways take turns. */
export async function benchNss(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of SIZES) {
    showProgress(`nss: ${size} people`);
    const node = await openPrivateNode(ensureLayers('bookworm', ['libnss-cache']));
    try {
      runInside(node, 'fill', size);
      linkPublished(node);
      const times = { flat: [] as Times[], local: [] as Times[], nsscache: [] as Times[] };
      for (let turn = 0; turn < TURNS; turn += 1) {
        for (const way of WAYS) {
          useWay(node, way);
          times[way].push(JSON.parse(runInside(node, 'time', size)) as Times);
        }
      }
      for (const call of ['getpwnam', 'getgrouplist'] as const) {
        const spent = (way: (typeof WAYS)[number]): number[] => times[way].map((turn) => turn[call]);
        const reference = median(spent('flat'));
        for (const way of ['local', 'nsscache'] as const) {
          const goal = GOALS[`${call}-${way}`](size);
          const row = `${call}-us-${way}-${size}`;
          const samples = spent(way);
          rows.push(
            makeRow({ bench: 'nss', row, unit: 'us', measured: median(samples), samples, reference, goal }),
          );
        }
      }
    } finally {
      await node.close();
    }
  }
  return rows;
}

/** libnss-cache reads /etc, and the generation lies elsewhere. */
export function linkPublished(node: PrivateNode): void {
  node.sh(`for name in passwd.cache passwd.cache.ixname passwd.cache.ixuid group.cache group.cache.ixname group.cache.ixgid; do
    ln -s ${PUBLISHED}/current/$name /etc/$name; done`);
}

export function useWay(node: PrivateNode, way: string): void {
  node.sh(`cp ${BASE}/${way}/passwd ${BASE}/${way}/group ${BASE}/${way}/nsswitch.conf /etc/`);
}

export function runInside(
  node: PrivateNode,
  what: 'fill' | 'time' | 'ldif' | 'passes',
  size: number,
): string {
  const [command, ...args] = [...node.command, process.execPath, INSIDE, what, String(size)];
  return execFileSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}
