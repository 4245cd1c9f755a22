// Some nodes of the fleet benchmark in one process: each with its own root, reader, state database, budget, schedule and syncs.
import { duplexPair } from 'node:stream';
import { createBudget } from '../../src/agent/daemon/budget.ts';
import { openNodeContext } from '../../src/agent/node-context.ts';
import { openSyncContext } from '../../src/agent/reconcile/context.ts';
import { createSyncQueue } from '../../src/agent/daemon/sync-queue.ts';
import { runSync } from '../../src/agent/reconcile/sync.ts';
import { startSchedule } from '../../src/agent/daemon/schedule.ts';
import { openReader } from '../../src/agent/reader-client/reader-client.ts';
import { serveAgent } from '../../src/reader/serve.ts';
import { openStore } from '../../src/reader/store.ts';
import { serveJobs } from './worker.ts';

/** What the other side is told of, in the order in which it happened; times in epoch milliseconds. */
export type NodeNews =
  | { readonly kind: 'plan'; readonly node: string; readonly at: number; readonly closes: readonly string[] }
  | { readonly kind: 'sync'; readonly node: string; readonly at: number; readonly snapshot: string }
  | { readonly kind: 'trouble'; readonly node: string; readonly at: number; readonly what: string };

const news: NodeNews[] = [];

/** As the daemon puts a node together (agent/daemon), but for the two processes: what lies between them is a stream. */
function openNode(node: string) {
  const root = `${base}/${node}`;
  const nodeContext = openNodeContext({ root, config: undefined });
  const { config, log } = nodeContext;
  const [agentSide, readerSide] = duplexPair();
  void serveAgent(readerSide, openStore(config, root), log);
  const reader = openReader(agentSide, config.scim.bounds);
  const context = openSyncContext(nodeContext);
  const { host } = context;
  const watched: typeof host = {
    ...host,
    apply(changes) {
      const closes = changes.flatMap(({ kind, scimId }) =>
        kind === 'account-close' && scimId !== null ? [scimId] : [],
      );
      news.push({ kind: 'plan', node, at: Date.now(), closes });
      return host.apply(changes);
    },
  };
  const budget = createBudget(config.scim.budget, () => performance.now());
  const sync = async (mode: 'full' | 'delta' | 'event', resources: Parameters<typeof runSync>[2]) => {
    const report = await runSync({ ...context, reader, host: watched }, mode, resources);
    budget.spend(report.fetched?.requests ?? 0);
    const at = Date.now();
    if (report.failure !== null || report.changes.failed > 0 || report.changes.held > 0) {
      const what = JSON.stringify([report.failure, report.changes, report.problems, report.held]);
      news.push({ kind: 'trouble', node, at, what });
    }
    news.push({ kind: 'sync', node, at, snapshot: report.snapshot });
  };
  const queue = createSyncQueue(({ mode, resources }) => sync(mode, resources));
  reader.watch(({ mode, resources }) => queue.ask(mode, resources));
  return {
    syncFromState: () => runSync({ ...context, reader: null, host: watched }, 'state'),
    readStore: () => sync('full', []),
    follow() {
      startSchedule(config.sync, node, budget, (mode) => queue.ask(mode)).rejoin();
    },
    close() {
      reader.close();
      context.state.close();
    },
  };
}

const [first = '0', count = '0', base = ''] = process.argv.slice(2);
const names = Array.from({ length: Number(count) }, (_, index) => `node${Number(first) + index}`);
const unfilled = [...names];

await serveJobs({
  /** The next node has everything in its state database and on its host, and is gone again. */
  fill: async () => {
    const name = unfilled.shift();
    if (name === undefined) return;
    const node = openNode(name);
    await node.readStore();
    node.close();
    // What this was is no news.
    news.splice(0, news.length, ...news.filter(({ kind }) => kind === 'trouble'));
  },
  /** All start at once, as after a power cut, and go on. */
  restart: async () => {
    const nodes = names.map(openNode);
    for (const node of nodes) await node.syncFromState();
    return nodes.map((node) => node.follow()).length;
  },
  /** What has happened since the last time. */
  news: () => news.splice(0),
});
process.exit();
