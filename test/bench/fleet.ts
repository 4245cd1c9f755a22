// A hundred nodes that poll one store: what they ask of it, how soon the last one revokes a user, when all agree.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeNews } from './fleet-nodes.ts';
import { showProgress } from './progress.ts';
import { makeRow, quantile, type Row } from './row.ts';
import { makeStoreNode } from './store-node.ts';
import { type LargeStore, startLargeStore } from './store-process.ts';
import { startWorker, type Worker } from './worker.ts';

/** BENCH_FLEET_NODES takes fewer for a look. */
const NODES = Number(process.env['BENCH_FLEET_NODES'] ?? 100);
const USERS = 10_000;
const GROUPS = 100;
/** Their memory would not fit into one process's heap. */
const PROCESSES = 4;
const REVOCATIONS = 20;
/** Deactivations come so far apart, no divisor of the poll interval, so that they fall on all its phases. */
const APART_MS = 4700;
const CHANGES = 5;
const PATIENCE_MS = 180_000;
/** The goal is no mean over the pauses between the polls: it is held in the busiest so many seconds. */
const WINDOW_SECONDS = 10;

/** A run takes about ten minutes; one that hangs somewhere ends after this. */
const BOUND_MS = 1_500_000;

/**
 * Real readers, state databases, policy and plans, each node with its own state directory, budget and place in the poll interval;
 * the processes are fewer than on real nodes, and share this machine's processors with the store.
 */
export async function benchFleet(): Promise<Row[]> {
  const base = mkdtempSync(path.join(tmpdir(), 'bench-fleet-'));
  // It holds gigabytes.
  process.once('exit', () => rmSync(base, { recursive: true, force: true }));
  const store = await startLargeStore(USERS, GROUPS);
  const workers: Worker[] = [];
  const over = new AbortController();
  try {
    await send('PATCH', `${store.adminUrl}/settings`, store, { events: false });
    for (let node = 0; node < NODES; node += 1)
      makeStoreNode(path.join(base, `node${node}`), store, configOf(store));
    const share = Math.ceil(NODES / PROCESSES);
    for (let first = 0; first < NODES; first += share) {
      const count = String(Math.min(share, NODES - first));
      workers.push(startWorker('fleet-nodes.ts', [String(first), count, base]));
    }
    await fillStates(workers, share);
    return await measure(store, workers, over.signal);
  } finally {
    over.abort();
    await Promise.all([...workers.map((worker) => worker.stop()), store.stop()]);
    rmSync(base, { recursive: true });
  }
}

async function fillStates(workers: readonly Worker[], share: number): Promise<void> {
  let filled = 0;
  await Promise.all(
    workers.map(async (worker) => {
      for (let node = 0; node < share; node += 1) {
        await worker.ask('fill');
        filled += 1;
        showProgress(`fleet: ${filled} of ${NODES} nodes have fetched everything`);
      }
    }),
  );
}

/** Twenty leave within minutes only here. */
function configOf({ baseUrl }: LargeStore): string {
  return `scim: { base_url: "${baseUrl}" }
limits: { max_loss: { share: 1, at_most: 100000 } }
`;
}

async function measure(store: LargeStore, workers: readonly Worker[], over: AbortSignal): Promise<Row[]> {
  // Each reader's first poll asks besides whether the store honours deltas.
  const startRequests = countRequests(store, over);
  showProgress(`fleet: ${NODES} nodes start at once`);
  await Promise.all(workers.map((worker) => worker.ask('restart')));
  const fleet = followFleet(workers, over);
  await fleet.wait('every node has polled', () => fleet.snapshots().size === NODES);
  const startRates = await startRequests.stop();
  const requests = countRequests(store, over);

  const revoked: number[] = [];
  const people = await listMembers(store);
  await Promise.all(
    people.slice(0, REVOCATIONS).map(async (id, index) => {
      await sleep(index * APART_MS);
      const at = await deactivate(store, id);
      await fleet.wait(`every node plans to close ${id}`, () => fleet.planned(id).length === NODES);
      revoked.push((Math.max(...fleet.planned(id)) - at) / 1000);
      showProgress(`fleet: ${revoked.length} of ${REVOCATIONS} deactivations have reached every node`);
    }),
  );

  const agreed: number[] = [];
  for (const [index, id] of people.slice(REVOCATIONS, REVOCATIONS + CHANGES).entries()) {
    showProgress(`fleet: ${index} of ${CHANGES} changes agreed on`);
    await fleet.wait('all nodes agree', () => new Set(fleet.snapshots().values()).size === 1);
    // On other phases of the poll interval than the one at which they agree.
    await sleep(APART_MS * (2 * index + 1));
    const [before] = fleet.snapshots().values();
    const at = await change(store, id);
    await fleet.wait('all nodes agree again', () => {
      const snapshots = new Set(fleet.snapshots().values());
      return snapshots.size === 1 && !snapshots.has(before ?? '');
    });
    agreed.push((fleet.lastChange() - at) / 1000);
  }
  const rates = await requests.stop();
  const row = (
    name: string,
    unit: string,
    measured: number,
    samples: readonly number[],
    goal: number | null,
  ) => makeRow({ bench: 'fleet', row: name, unit, measured, samples, reference: null, goal });
  return [
    row('restart-requests-per-s', 'requests/s', Math.max(...startRates), startRates, null),
    row('store-requests-per-s', 'requests/s', Math.max(...rates), rates, 25),
    row('revoke-fleet-p95-s', 's', quantile(revoked, 0.95), revoked, 40),
    row('hashes-equal-s', 's', Math.max(...agreed), agreed, 60),
  ];
}

/** Reads the nodes' news as they come. */
function followFleet(workers: readonly Worker[], over: AbortSignal) {
  const snapshots = new Map<string, string>();
  const plans = new Map<string, Map<string, number>>();
  let lastChange = 0;

  function take(news: NodeNews): void {
    if (news.kind === 'trouble') throw new Error(`${news.node}: ${news.what}`);
    if (news.kind === 'plan') {
      for (const id of news.closes) {
        const times = plans.get(id) ?? new Map<string, number>();
        // What a later plan repeats was planned before.
        if (!times.has(news.node)) plans.set(id, times.set(news.node, news.at));
      }
      return;
    }
    if (snapshots.get(news.node) !== news.snapshot) lastChange = Math.max(lastChange, news.at);
    snapshots.set(news.node, news.snapshot);
  }

  const bound = Date.now() + BOUND_MS;
  const reading = Promise.all(
    workers.map(async (worker) => {
      while (!over.aborted) {
        for (const one of await worker.ask<NodeNews[]>('news')) take(one);
        await sleep(200);
      }
    }),
  );
  // A caller that waits is told why it broke.
  reading.catch(() => {});
  return {
    /** The last one of each node that has polled. */
    snapshots: (): ReadonlyMap<string, string> => snapshots,
    /** When each node first planned to close an account. */
    planned: (id: string): number[] => [...(plans.get(id)?.values() ?? [])],
    /** When a node's snapshot last became another. */
    lastChange: () => lastChange,
    async wait(what: string, isTrue: () => boolean): Promise<void> {
      const broken = reading.then(() => {
        throw new Error('the nodes are no longer followed');
      });
      broken.catch(() => {});
      const deadline = Math.min(Date.now() + PATIENCE_MS, bound);
      for (; !isTrue(); await Promise.race([sleep(100), broken]))
        if (Date.now() > deadline) throw new Error(`it took too long until ${what}`);
    },
  };
}

/** What the readers asked of the store, as the store has it. */
function countRequests(store: LargeStore, over: AbortSignal) {
  const begin = Date.now();
  let counted = begin;
  const counts = new Map<number, number>();

  async function look(): Promise<void> {
    // Younger ones may still be added.
    const until = Date.now() - 1000;
    const answer = await send('GET', `${store.adminUrl}/requests?token=login-nodes&last=2000`, store);
    for (const { at } of (answer as { requests: { at: string }[] }).requests) {
      const time = Date.parse(at);
      if (time < counted || time >= until) continue;
      const window = Math.floor((time - begin) / 1000 / WINDOW_SECONDS);
      counts.set(window, (counts.get(window) ?? 0) + 1);
    }
    counted = until;
  }

  let looking = Promise.resolve();
  const timer = setInterval(() => {
    looking = looking.then(look);
    // The caller that stops it is told.
    looking.catch(() => {});
  }, WINDOW_SECONDS * 1000);
  over.addEventListener('abort', () => clearInterval(timer));
  return {
    /** Requests a second, of each window that is over. */
    async stop(): Promise<number[]> {
      clearInterval(timer);
      await looking;
      await look();
      const windows = Math.max(1, Math.floor((counted - begin) / 1000 / WINDOW_SECONDS));
      return Array.from({ length: windows }, (_, window) => (counts.get(window) ?? 0) / WINDOW_SECONDS);
    },
  };
}

/** SCIM ids of the access group's members. */
async function listMembers(store: LargeStore): Promise<string[]> {
  const list = await send('GET', `${store.baseUrl}/Groups?filter=displayName+eq+%22group0001%22`, store);
  const [group] = (list as { Resources: { members: { value: string }[] }[] }).Resources;
  return group?.members.map(({ value }) => value) ?? [];
}

/** The moments at which the store has answered. */
function deactivate(store: LargeStore, id: string): Promise<number> {
  return patch(store, id, { op: 'Replace', path: 'active', value: 'False' });
}

function change(store: LargeStore, id: string): Promise<number> {
  return patch(store, id, { op: 'Replace', path: 'displayName', value: 'Another Name' });
}

async function patch(store: LargeStore, id: string, operation: object): Promise<number> {
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];
  await send('PATCH', `${store.baseUrl}/Users/${id}`, store, { schemas, Operations: [operation] });
  return Date.now();
}

async function send(method: string, url: string, { token }: LargeStore, body?: unknown): Promise<unknown> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json' };
  const response = await fetch(url, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}
