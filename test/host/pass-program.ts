// Passes with the real mirror, policy, guard and host, of a store that says what a file says: to be killed, or run beside others.
import { readFileSync, writeFileSync } from 'node:fs';
import { openParts, openPlace } from '../../src/agent/parts.ts';
import { takePassLock } from '../../src/agent/pass-lock.ts';
import { runPass } from '../../src/agent/pass.ts';
import type { Reader } from '../../src/scim/reader.ts';

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
    pass(mode, _since, onPage) {
      onPage('User', users);
      onPage('Group', groups);
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
async function main([roots = '', states = '', reports]: readonly string[]): Promise<void> {
  for (const root of roots.split(',')) await runPasses(root, states, reports);
}

async function runPasses(root: string, states: string, reports: string | undefined): Promise<void> {
  const place = openPlace({ root, config: undefined });
  const done = [];
  const release = await takePassLock(place.paths.passLock, () => {}, 1000);
  const parts = openParts(place);
  for (const state of JSON.parse(readFileSync(states, 'utf8')) as (StoreState | null)[]) {
    const reader = state === null ? null : readFrom(state);
    const { changes, problems, held } = await runPass({ ...parts, reader }, 'full');
    done.push({ at: Date.now(), changes, problems, held });
  }
  parts.mirror.close();
  release();
  if (reports !== undefined) writeFileSync(reports, JSON.stringify(done));
}

await main(process.argv.slice(2));
