// What the daemon's memory comes to, what a poll costs when nothing changed, and how soon a sync starts when the store
// announces a change.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestbed, type Testbed } from '../../src/testbed/service.ts';
import { makeThrowawayRoot, type ThrowawayRoot } from '../support/nodes/throwaway-root.ts';
import { makeBundled, type Bundled } from './bundled.ts';
import { findFamily, readCpu, watchPeak } from './processes.ts';
import { showProgress } from './progress.ts';
import { makeRow, quantile, type Row } from './row.ts';

const USERS = 100_000;
const GROUPS = 1000;
const POLLS = 10;
const CHANGES = 40;

/** The daemon of the bundle with its reader, subscribed and polling, over a store that was filled an hour ago. */
export async function benchDelta(): Promise<Row[]> {
  let offset = -3_600_000;
  const testbed = await startTestbed({
    seedUsers: USERS,
    seedGroups: GROUPS,
    now: () => Date.now() + offset,
  });
  offset = 0;
  const node = await makeThrowawayRoot();
  const bundled = await makeBundled();
  const daemon = startDaemon(bundled, node, testbed);
  process.once('exit', () => daemon.kill('SIGTERM'));
  const memory = watchPeak(daemon.pid ?? 0);
  try {
    const log = followLog(daemon);
    const fullSyncs = (lines: readonly LogLine[]): number =>
      lines.filter(({ msg, mode }) => msg === 'sync ended' && mode === 'full').length;
    await log.wait((lines) => fullSyncs(lines) >= 1);
    // From an empty state database and from a full one.
    daemon.kill('SIGHUP');
    await log.wait((lines) => fullSyncs(lines) >= 2);
    const peak = memory.stop();
    const quiet = (from = 0) => log.lines.slice(from).filter(isQuietPoll).length;
    await log.wait(() => quiet() >= 2);

    const pids = findFamily(daemon.pid ?? 0);
    await fetch(`${testbed.adminUrl}/requests`, { method: 'DELETE' });
    const start = { cpu: readCpu(pids), at: log.lines.length };
    await log.wait(() => quiet(start.at) >= POLLS);
    const cpu = readCpu(pids) - start.cpu;
    const syncs = quiet(start.at);
    const response = await fetch(`${testbed.adminUrl}/requests?token=login-nodes&method=GET`);
    const { requests } = (await response.json()) as { requests: unknown[] };

    const delays = await measureEvents(testbed, log);
    return [
      row('peak-pss-mb-100k', 'MB', peak, 350),
      row('delta-no-change-requests', 'requests', requests.length / syncs, 2),
      row('delta-no-change-cpu-ms', 'ms', (cpu * 1000) / syncs, 50),
      row('event-to-sync-s', 's', quantile(delays, 0.95), 1, delays),
    ];
  } finally {
    memory.stop();
    daemon.kill('SIGTERM');
    if (daemon.exitCode === null) await once(daemon, 'exit');
    bundled.remove();
    await node.close();
    await testbed.close();
  }
}

function row(
  name: string,
  unit: string,
  measured: number,
  goal: number,
  samples: readonly number[] = [],
): Row {
  return makeRow({ bench: 'sync', row: name, unit, measured, samples, reference: null, goal });
}

function startDaemon({ program }: Bundled, node: ThrowawayRoot, testbed: Testbed): ChildProcess {
  const config = `scim:
  base_url: ${testbed.baseUrl}
  budget: 1000/s
access: { groups: [{ name: group0001 }] }
accounts: { domains: [example.com] }
sync: { poll: '*/3 * * * * *', full: '0 0 29 2 *' }
`;
  writeFileSync(join(node.root, 'etc/sunk-agent/config.yaml'), config);
  writeFileSync(join(node.root, 'etc/sunk-agent/credentials/scim-token'), testbed.readToken);
  return spawn(program, ['run', '--root', node.root], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, LOG_LEVEL: 'debug' },
  });
}

interface LogLine {
  readonly time: string;
  readonly msg: string;
  readonly mode?: string;
  readonly ms?: Readonly<Record<string, number>>;
}

/** A poll that found the store and the node as they were. */
function isQuietPoll({ msg, mode, ms }: LogLine): boolean {
  return msg === 'sync ended' && mode === 'delta' && ms !== undefined && !('decide' in ms);
}

function followLog(child: ChildProcess) {
  const lines: LogLine[] = [];
  let rest = '';
  child.stderr?.on('data', (data: Buffer) => {
    const texts = (rest + data.toString()).split('\n');
    rest = texts.pop() ?? '';
    for (const text of texts) if (text.startsWith('{')) lines.push(JSON.parse(text) as LogLine);
  });
  return {
    lines,
    async wait(isThere: (lines: readonly LogLine[]) => boolean): Promise<void> {
      for (const end = performance.now() + 300_000; !isThere(lines); await sleep(20)) {
        if (child.exitCode !== null || performance.now() > end)
          throw new Error(`the daemon did not get there; its last words: ${JSON.stringify(lines.at(-1))}`);
      }
    },
  };
}

/** Seconds from the request that changes a user to the start of the sync that reads it. */
async function measureEvents(testbed: Testbed, log: ReturnType<typeof followLog>): Promise<number[]> {
  const headers = { authorization: `Bearer ${testbed.token}`, 'content-type': 'application/scim+json' };
  const list = await fetch(`${testbed.baseUrl}/Users?count=${CHANGES}&startIndex=5000`, { headers });
  const { Resources: people } = (await list.json()) as { Resources: { id: string }[] };
  const delays: number[] = [];
  for (const [index, { id }] of people.entries()) {
    showProgress(`sync/daemon: ${index} of ${CHANGES} announced changes`);
    const from = log.lines.length;
    const at = Date.now();
    const operation = { op: 'replace', path: 'displayName', value: `changed ${index}` };
    const body = JSON.stringify({ Operations: [operation] });
    await fetch(`${testbed.baseUrl}/Users/${id}`, { method: 'PATCH', headers, body });
    const find = () =>
      log.lines.slice(from).find(({ msg, mode }) => msg === 'sync begins' && mode === 'event');
    await log.wait(() => find() !== undefined);
    delays.push((Date.parse(find()?.time ?? '') - at) / 1000);
    await sleep(500);
  }
  return delays;
}
