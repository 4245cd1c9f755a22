// Syncs with the real state database, policy, guard and host, and a store that a file describes: to be killed, or run beside others.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openNodeContext } from '../../../src/agent/node-context.ts';
import { openSyncContext } from '../../../src/agent/reconcile/context.ts';
import { acquireFileLock } from '../../../src/agent/reconcile/file-lock.ts';
import { runSync } from '../../../src/agent/reconcile/sync.ts';
import { type Listed, readListed } from './listed-reader.ts';

/** What the store lists at one time. */
export type StoreState = Listed;

/** A state of null is a store that does not answer. In each root (they are joined by `,`) one sync a state, in order; reports go into a file if one is named. */
async function main([roots = '', states = '', reports, ownLog, otherLog]: readonly string[]): Promise<void> {
  for (const root of roots.split(',')) await runSyncs(root, states, reports, { ownLog, otherLog });
}

/** A line for each sync in `ownLog`, and none that is far ahead of the lines in `otherLog`. */
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

async function runSyncs(
  root: string,
  states: string,
  reports: string | undefined,
  pace: Pace,
): Promise<void> {
  const node = openNodeContext({ root, config: undefined });
  const done = [];
  const release = await acquireFileLock(node.paths.syncLock, () => {}, 1000);
  const context = openSyncContext(node);
  for (const state of JSON.parse(readFileSync(states, 'utf8')) as (StoreState | null)[]) {
    await keepPace(pace, done.length);
    const reader = state === null ? null : readListed(state);
    const { changes, problems, held } = await runSync({ ...context, reader }, 'full');
    done.push({ at: Date.now(), changes, problems, held });
    if (pace.ownLog !== undefined) appendFileSync(pace.ownLog, `${done.length}\n`);
  }
  context.state.close();
  release();
  if (reports !== undefined) writeFileSync(reports, JSON.stringify(done));
}

await main(process.argv.slice(2));
