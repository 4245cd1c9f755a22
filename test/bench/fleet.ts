// A hundred nodes that poll one store: what they ask of it, how soon the last one puts somebody out, when all agree.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeNews } from './fleet-nodes.ts';
import { makeRow, quantile, type Row } from './row.ts';
import { makeStoreNode } from './store-node.ts';
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

interface Store {
  readonly baseUrl: string;
  readonly token: string;
  readonly readToken: string;
  readonly adminUrl: string;
}

/**
 * Real readers, mirrors, policy and plans, each node with its own state folder, budget and place in the poll interval;
 * the processes are fewer than on real nodes, and share this machine's processors with the store.
 */
export async function benchFleet(): Promise<Row[]> {
  const base = mkdtempSync(path.join(tmpdir(), 'bench-fleet-'));
  const child = spawn(
    process.execPath,
    [path.join(import.meta.dirname, 'large-store.ts'), String(USERS), String(GROUPS)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const workers: Worker[] = [];
  try {
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const store = JSON.parse(line) as Store;
    await send('PATCH', `${store.adminUrl}/settings`, store, { events: false });
    for (let node = 0; node < NODES; node += 1)
      makeStoreNode(path.join(base, `node${node}`), store, configOf(store));
    const share = Math.ceil(NODES / PROCESSES);
    for (let first = 0; first < NODES; first += share) {
      const count = String(Math.min(share, NODES - first));
      workers.push(startWorker('fleet-nodes.ts', [String(first), count, base]));
    }
    await Promise.all(workers.map((worker) => worker.ask('begin')));
    return await measure(store, workers);
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()));
    child.kill();
    rmSync(base, { recursive: true });
  }
}

/** Twenty leave within minutes only here. */
function configOf({ baseUrl }: Store): string {
  return `scim: { base_url: "${baseUrl}" }
limits: { max_loss: { share: 1, at_most: 100000 } }
`;
}

async function measure(store: Store, workers: readonly Worker[]): Promise<Row[]> {
  // Each reader's first poll asks besides whether the store honours deltas, and here all have started at once.
  const startRequests = countRequests(store);
  await Promise.all(workers.map((worker) => worker.ask('follow')));
  const fleet = followFleet(workers);
  await fleet.wait('every node has polled', () => fleet.snapshots().size === NODES);
  const startRates = await startRequests.stop();
  const requests = countRequests(store);

  const revoked: number[] = [];
  const people = await listMembers(store);
  await Promise.all(
    people.slice(0, REVOCATIONS).map(async (id, index) => {
      await sleep(index * APART_MS);
      const at = await deactivate(store, id);
      await fleet.wait(`every node plans to close ${id}`, () => fleet.planned(id).length === NODES);
      revoked.push((Math.max(...fleet.planned(id)) - at) / 1000);
    }),
  );

  const agreed: number[] = [];
  for (const [index, id] of people.slice(REVOCATIONS, REVOCATIONS + CHANGES).entries()) {
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
  await fleet.stop();
  const rates = await requests.stop();
  const row = (name: string, unit: string, ours: number, samples: readonly number[], goal: number | null) =>
    makeRow({ bench: 'fleet', row: name, unit, ours, samples, reference: null, goal });
  return [
    row('first-poll-requests-per-s', 'requests/s', Math.max(...startRates), startRates, null),
    row('store-requests-per-s', 'requests/s', Math.max(...rates), rates, 25),
    row('revoke-fleet-p95-s', 's', quantile(revoked, 0.95), revoked, 40),
    row('hashes-equal-s', 's', Math.max(...agreed), agreed, 60),
  ];
}

/** Reads the nodes' news as they come. */
function followFleet(workers: readonly Worker[]) {
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

  const stopped = new AbortController();
  const reading = Promise.all(
    workers.map(async (worker) => {
      while (!stopped.signal.aborted) {
        for (const one of await worker.ask<NodeNews[]>('news')) take(one);
        await sleep(200);
      }
    }),
  );
  // Whoever waits is told.
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
      for (const deadline = Date.now() + PATIENCE_MS; !isTrue(); await Promise.race([sleep(100), broken]))
        if (Date.now() > deadline) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`);
    },
    async stop(): Promise<void> {
      stopped.abort();
      await reading;
    },
  };
}

/** What the readers asked of the store, as the store has it. */
function countRequests(store: Store) {
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
  }, WINDOW_SECONDS * 1000);
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
async function listMembers(store: Store): Promise<string[]> {
  const list = await send('GET', `${store.baseUrl}/Groups?filter=displayName+eq+%22group0001%22`, store);
  const [group] = (list as { Resources: { members: { value: string }[] }[] }).Resources;
  return group?.members.map(({ value }) => value) ?? [];
}

/** The moments at which the store has answered. */
function deactivate(store: Store, id: string): Promise<number> {
  return patch(store, id, { op: 'Replace', path: 'active', value: 'False' });
}

function change(store: Store, id: string): Promise<number> {
  return patch(store, id, { op: 'Replace', path: 'displayName', value: 'Somebody Else' });
}

async function patch(store: Store, id: string, operation: object): Promise<number> {
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];
  await send('PATCH', `${store.baseUrl}/Users/${id}`, store, { schemas, Operations: [operation] });
  return Date.now();
}

async function send(method: string, url: string, { token }: Store, body?: unknown): Promise<unknown> {
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
