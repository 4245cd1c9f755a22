// The agent's side of the sync benchmark: fetches the store as the daemon does, with a reader of its own.
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { fetchStore } from '../../src/agent/ingest/fetch-store.ts';
import { openNodeContext } from '../../src/agent/node-context.ts';
import { openSyncContext } from '../../src/agent/reconcile/context.ts';
import { runSync } from '../../src/agent/reconcile/sync.ts';
import { findReaderUser } from '../../src/agent/reader-client/reader-user.ts';
import { openReader } from '../../src/agent/reader-client/reader-client.ts';
import { spawnReader } from '../../src/agent/reader-client/spawn-reader.ts';
import { serveJobs } from './worker.ts';

const [root = ''] = process.argv.slice(2);
const node = openNodeContext({ root, config: undefined });

function openAll() {
  const { child, stream } = spawnReader({
    config: node.configFile,
    root,
    user: findReaderUser(root, node.log),
  });
  return { child, reader: openReader(stream, node.config.scim.bounds), context: openSyncContext(node) };
}

let open = null as ReturnType<typeof openAll> | null;

async function time(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

await serveJobs({
  /** From an empty state database, and no reader, to the last record in it. */
  first: async () => {
    open?.context.state.close();
    open?.reader.close();
    if (open !== null) {
      open.child.kill();
      await once(open.child, 'exit');
      open = null;
    }
    rmSync(node.paths.state, { recursive: true, force: true });
    return time(async () => {
      open = openAll();
      const { context, reader } = open;
      const fetched = await fetchStore(
        { ...context, reader, now: Math.floor(Date.now() / 1000) },
        { mode: 'full', resources: [] },
        null,
      );
      if (!fetched.complete.User || !fetched.complete.Group) throw new Error('the fetch was not complete');
    });
  },
  /** A whole sync of the daemon, from question to report. */
  sync: async () => {
    open ??= openAll();
    const { context, reader } = open;
    return time(() => runSync({ ...context, reader }, 'full'));
  },
});
open?.reader.close();
open?.child.kill();
