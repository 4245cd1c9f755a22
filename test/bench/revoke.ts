// From a deactivation at the store to the refused login and the ended session, on a booted node with 10,000 users.
import type { ChildProcess } from 'node:child_process';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { BASE_URL, PORT, TOKEN } from '../support/nodes/store.ts';
import { showProgress } from './progress.ts';
import { makeRow, quantile, type Row } from './row.ts';

const USERS = 10_000;
const TRIALS = Number(process.env['BENCH_REVOKE_TRIALS'] ?? 100);
const TESTBED = path.resolve(import.meta.dirname, '../../src/testbed/main.ts');
/** Polled trials begin spread over so many seconds, several polls, and run side by side. */
const SPREAD_SECONDS = 120;
const PATIENCE_MS = 120_000;

const CONFIG = `scim:
  base_url: ${BASE_URL}
access:
  groups: [{ name: slurm-users }]
accounts:
  domains: [example.com]
  homes: never
# So many leave within an hour only here.
limits: { max_loss: { share: 1, at_most: 100000 } }
`;

/** Programs that talk to the store from inside the node's network, where alone it can be reached. */
const CLIENT = `
  const [token, base] = process.argv.slice(1);
  const call = async (method, url, body) => {
    const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/scim+json' };
    const response = await fetch(url, { method, headers, body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(method + ' ' + url + ': ' + response.status + ' ' + text);
    return text === '' ? null : JSON.parse(text);
  };`;
const FILL = `${CLIENT}
  const { readFileSync } = await import('node:fs');
  const extension = 'urn:coreweave:params:scim:schemas:extension:coreweave:2.0:CoreWeaveUser';
  const schemas = ['urn:ietf:params:scim:schemas:core:2.0:User'];
  const trials = [];
  for (const [index, sunkSshKeys] of JSON.parse(readFileSync(process.argv[3], 'utf8')).entries()) {
    const user = { schemas, userName: 'trial' + index + '@example.com', active: true, [extension]: { sunkSshKeys } };
    trials.push((await call('POST', base + '/Users', user)).id);
  }
  const members = [];
  for (let total = 1; members.length < total; ) {
    const page = await call('GET', base + '/Users?attributes=id&count=1000&startIndex=' + (members.length + 1));
    total = page.totalResults;
    members.push(...page.Resources.map(({ id }) => ({ value: id })));
  }
  await call('POST', base + '/Groups', { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: 'slurm-users', members });
  console.log(JSON.stringify(trials));`;
const DEACTIVATE = `${CLIENT}
  const Operations = [{ op: 'Replace', path: 'active', value: 'False' }];
  await call('PATCH', base + '/Users/' + process.argv[3], { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations });
  console.log(Date.now());`;
const SWITCH_EVENTS_OFF = `${CLIENT}
  await call('PATCH', process.argv[3] + '/settings', { events: false });`;

/** Needs root. @param by how the node learns of a change: the store's events, or its own polls where there are none. */
export async function benchRevoke(by: 'events' | 'polls'): Promise<Row[]> {
  const show = (over: number): void => showProgress(`login: ${over} of ${TRIALS} revocations by ${by}`);
  const spans: number[] = [];
  await onFilledNode(by === 'events', async (world) => {
    const revoke = async (index: number): Promise<void> => {
      spans.push(await revokeOnce(world, index));
      show(spans.length);
    };
    if (by === 'events') for (let index = 0; index < TRIALS; index += 1) await revoke(index);
    else
      await Promise.all(
        Array.from({ length: TRIALS }, async (_, index) => {
          await sleep((SPREAD_SECONDS * 1000 * index) / TRIALS);
          await revoke(index);
        }),
      );
  });
  const samples = spans.map((ms) => ms / 1000);
  const [name, goal] = by === 'events' ? ['revoke-p95-s', 1] : ['revoke-polled-p95-s', 35];
  const measured = quantile(samples, 0.95);
  return [makeRow({ bench: 'login', row: name, unit: 's', measured, samples, reference: null, goal })];
}

interface World {
  readonly node: LoginNode;
  readonly directory: string;
  readonly ids: readonly string[];
}

/** A node whose agent has made all accounts, with the store beside it. */
async function onFilledNode<T>(hasEvents: boolean, work: (world: World) => Promise<T>): Promise<T> {
  showProgress(`login: a node with ${USERS} users boots`);
  const directory = mkdtempSync(path.join(tmpdir(), 'bench-revoke-'));
  const node = await bootNode('bookworm', (root) => installAgent(root, { config: CONFIG, token: TOKEN }));
  const seed = String(USERS - TRIALS);
  const store = node.startInNetwork([
    process.execPath,
    TESTBED,
    '--json',
    '--port',
    String(PORT),
    '--token',
    TOKEN,
    '--seed-users',
    seed,
  ]);
  try {
    const [line] = (await once(store.stdout ?? store, 'data')) as [Buffer];
    const { adminUrl } = JSON.parse(line.toString()) as { adminUrl: string };
    if (!hasEvents) await callStore(node, SWITCH_EVENTS_OFF, adminUrl);
    const keys = Array.from({ length: TRIALS }, (_, index) => {
      const file = path.join(directory, `key${index}`);
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
      return readFileSync(`${file}.pub`, 'utf8').trim();
    });
    writeFileSync(path.join(directory, 'keys.json'), JSON.stringify(keys));
    const ids = JSON.parse(await callStore(node, FILL, path.join(directory, 'keys.json'))) as string[];
    await waitFor('the agent has made every key file', () => {
      const { stdout } = node.exec('ls /var/lib/sunk-agent/authorized_keys | wc -l');
      return Number(stdout) === USERS;
    });
    await sleep(10_000);
    return await work({ node, directory, ids });
  } finally {
    store.kill('SIGTERM');
    await node.stop();
    rmSync(directory, { recursive: true });
  }
}

/**
 * Milliseconds from the store's answer to the deactivation until the session has ended and a login that begins then is
 * refused.
 */
async function revokeOnce({ node, directory, ids }: World, index: number): Promise<number> {
  const name = `trial${index}`;
  const keyFile = path.join(directory, `key${index}`);
  const session = node.startSsh(name, keyFile, 'echo here; exec sleep 1000');
  const ended = once(session, 'exit').then(() => Date.now());
  await awaitOutput(session);
  const start = Number(await callStore(node, DEACTIVATE, ids[index] ?? ''));
  const over = await Promise.race([ended, sleep(PATIENCE_MS, null, { ref: false })]);
  if (over === null) throw new Error(`${name} still has a session after ${PATIENCE_MS / 1000} s`);
  for (;;) {
    const begun = Date.now();
    const login = node.startSsh(name, keyFile, 'true');
    const [status] = (await once(login, 'exit')) as [number | null];
    if (status === 255) return Math.max(over, begun) - start;
    if (begun - start > PATIENCE_MS) throw new Error(`${name} still logs in`);
  }
}

async function awaitOutput(session: ChildProcess): Promise<void> {
  const gone = once(session, 'exit').then(() => {
    throw new Error('the session did not open');
  });
  if (session.stdout !== null) await Promise.race([once(session.stdout, 'data'), gone]);
  gone.catch(() => {});
}

async function callStore(node: LoginNode, program: string, argument: string): Promise<string> {
  const command = ['--input-type=module', '--eval', program, TOKEN, BASE_URL, argument];
  const child = node.startInNetwork([process.execPath, ...command]);
  const output = child.stdout === null ? Promise.resolve('') : text(child.stdout);
  const [status] = (await once(child, 'exit')) as [number | null];
  if (status !== 0) throw new Error('the store refused what the benchmark asked');
  return (await output).trim();
}

async function waitFor(what: string, isTrue: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 900_000; Date.now() < deadline; await sleep(1000)) if (isTrue()) return;
  throw new Error(`not within a quarter of an hour: ${what}`);
}
