// Passes with the real mirror, policy, guard and host, of a store that says what a file says: to be killed, or run beside others.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { openSyncContext } from '../../../src/agent/reconcile/context.ts';
import { acquireFileLock } from '../../../src/agent/reconcile/file-lock.ts';
import { runSync } from '../../../src/agent/reconcile/sync.ts';
import type { Reader } from '../../../src/agent/reader-client/reader-client.ts';

/** What the store says at one time: raw resources. */
export interface StoreState {
  readonly users: readonly object[];
  readonly groups: readonly object[];
}

function readFrom({ users, groups }: StoreState): Reader {
  const nothing = (): never => {
    throw new Error('not asked for in these passes');
  };
  return {
    pass({ mode }, ears) {
      for (const [kind, list] of [
        ['User', users],
        ['Group', groups],
      ] as const) {
        ears.onLine({ n: 1, kind, resources: Buffer.from(JSON.stringify(list)) });
        ears.onPage({ say: 'page', n: 1, kind, digest: null, is_known: false });
      }
      const now = Date.now();
      const complete = { User: true, Group: true };
      const numbers = { n: 1, mode, requests: 2, retries: 0, bytes: 0, server_time: now, local_time: now };
      return Promise.resolve({ say: 'end', complete, problems: [], ...numbers });
    },
    read(kind, id) {
      const now = Date.now();
      const answer = { say: 'resource', n: 1, kind, id, found: 'absent', problem: null } as const;
      return Promise.resolve({ ...answer, server_time: now, local_time: now });
    },
    probe: nothing,
    watch: () => {},
    announce: () => {},
    onTraffic: () => {},
    showMetrics: nothing,
    close: () => {},
  };
}

/** A state of null is a store that is not heard. In each root (they are joined by `,`) one pass a state, in order; reports go into a file if one is named. */
async function main([roots = '', states = '', reports, ownLog, otherLog]: readonly string[]): Promise<void> {
  for (const root of roots.split(',')) await runPasses(root, states, reports, { ownLog, otherLog });
}

/** A line for each pass in `ownLog`, and none that is far ahead of the lines in `otherLog`. */
interface Pace {
  readonly ownLog: string | undefined;
  readonly otherLog: string | undefined;
}

/** How many lines one side may be ahead. */
const AHEAD = 10;

async function keepPace({ otherLog }: Pace, n: number): Promise<void> {
  if (otherLog === undefined) return;
  const count = (): number =>
    existsSync(otherLog) ? readFileSync(otherLog, 'utf8').split('\n').length - 1 : 0;
  while (count() < n - AHEAD) await sleep(5);
}

async function runPasses(
  root: string,
  states: string,
  reports: string | undefined,
  pace: Pace,
): Promise<void> {
  const place = openNodeContext({ root, config: undefined });
  const done = [];
  const release = await acquireFileLock(place.paths.syncLock, () => {}, 1000);
  const parts = openSyncContext(place);
  for (const state of JSON.parse(readFileSync(states, 'utf8')) as (StoreState | null)[]) {
    await keepPace(pace, done.length);
    const reader = state === null ? null : readFrom(state);
    const { changes, problems, held } = await runSync({ ...parts, reader }, 'full');
    done.push({ at: Date.now(), changes, problems, held });
    if (pace.ownLog !== undefined) appendFileSync(pace.ownLog, `${done.length}\n`);
  }
  parts.state.close();
  release();
  if (reports !== undefined) writeFileSync(reports, JSON.stringify(done));
}

await main(process.argv.slice(2));
