// A node or pod with 10,000 users, and the store beside it: what the benchmarks of revocation begin with.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { buildForHere } from '../support/nodes/packages.ts';
import { buildImage, layMounts, startPod } from '../support/nodes/pod.ts';
import { BASE_URL, PORT, TOKEN } from '../support/nodes/store.ts';
import { installSurvivor } from '../support/nodes/survivor/survivors.ts';
import { showProgress } from './progress.ts';

const USERS = 10_000;
const TESTBED = path.resolve(import.meta.dirname, '../../src/testbed/main.ts');

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

export interface World {
  readonly node: LoginNode;
  readonly ids: readonly string[];
  /** The private key of a trial. */
  keyFile(index: number): string;
  /** At the store. @returns when it was answered, epoch milliseconds. */
  deactivate(index: number): Promise<number>;
}

export interface Wanted {
  readonly kind: 'node' | 'pod';
  /** How many of the users have keys, `trial0` and so on. */
  readonly trials: number;
  readonly hasEvents: boolean;
}

/** Its agent has made all accounts; it is gone once the work is done. */
export async function onFilledNode(wanted: Wanted, work: (world: World) => Promise<void>): Promise<void> {
  const { kind, trials, hasEvents } = wanted;
  showProgress(`login: a ${kind} with ${USERS} users boots`);
  const directory = mkdtempSync(path.join(tmpdir(), 'bench-revoke-'));
  const image = kind === 'pod' ? await buildPodImage(directory) : null;
  const node = await (image === null
    ? bootNode('bookworm', (root) => {
        installAgent(root, { config: CONFIG, token: TOKEN });
        installSurvivor(root);
      })
    : startPod({ image, mounts: path.join(directory, 'mounts') }));
  const seed = String(USERS - trials);
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
  const keyFile = (index: number): string => path.join(directory, `key${index}`);
  try {
    const [line] = (await once(store.stdout ?? store, 'data')) as [Buffer];
    const { adminUrl } = JSON.parse(line.toString()) as { adminUrl: string };
    if (!hasEvents) await callStore(node, SWITCH_EVENTS_OFF, adminUrl);
    const keys = Array.from({ length: trials }, (_, index) => {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', keyFile(index)]);
      return readFileSync(`${keyFile(index)}.pub`, 'utf8').trim();
    });
    writeFileSync(path.join(directory, 'keys.json'), JSON.stringify(keys));
    const ids = JSON.parse(await callStore(node, FILL, path.join(directory, 'keys.json'))) as string[];
    await waitFor('the agent has made every key file', () => {
      const { stdout } = node.exec('ls /var/lib/sunk-agent/authorized_keys | wc -l');
      return Number(stdout) === USERS;
    });
    await sleep(10_000);
    const deactivate = async (index: number): Promise<number> =>
      Number(await callStore(node, DEACTIVATE, ids[index] ?? ''));
    await work({ node, ids, keyFile, deactivate });
  } finally {
    store.kill('SIGTERM');
    await node.stop();
    for (const left of [directory, image]) if (left !== null) rmSync(left, { recursive: true });
  }
}

async function buildPodImage(directory: string): Promise<string> {
  layMounts(path.join(directory, 'mounts'), CONFIG, TOKEN);
  const image = buildImage(await buildForHere());
  mkdirSync(path.join(image, 'upper/usr/local/bin'), { recursive: true });
  installSurvivor(path.join(image, 'upper'));
  return image;
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
