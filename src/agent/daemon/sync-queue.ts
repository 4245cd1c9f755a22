// Syncs never overlap: requests that come while one runs are done together, once, afterwards.
import {
  mergeRequests,
  type NamedResource,
  type SyncMode,
  type SyncRequest,
} from '../ingest/sync-request.ts';

export interface SyncQueue {
  /** Asks for a sync; what waits already and this become one. */
  ask(mode: SyncMode, resources?: readonly NamedResource[]): void;
  /** Whether a sync has been running for longer than `limit` milliseconds. */
  isStuck(limit: number): boolean;
  /** No more syncs; resolves when the one under way is over. */
  stop(): Promise<void>;
}

/** A queue of one place over `run`, which must not throw. */
export function createSyncQueue(run: (order: SyncRequest) => Promise<void>): SyncQueue {
  let waiting: SyncRequest | null = null;
  let running: Promise<void> | null = null;
  let startedAt = 0;
  let isStopped = false;

  function next(): SyncRequest | null {
    const order = isStopped ? null : waiting;
    waiting = null;
    return order;
  }

  async function work(): Promise<void> {
    for (let order = next(); order !== null; order = next()) {
      startedAt = performance.now();
      await run(order);
    }
    running = null;
  }

  return {
    ask(mode, resources = []) {
      if (isStopped) return;
      waiting = mergeRequests(waiting ?? { mode, resources }, { mode, resources });
      running ??= work();
    },
    isStuck: (limit) => running !== null && performance.now() - startedAt > limit,
    async stop() {
      isStopped = true;
      await running;
    },
  };
}
