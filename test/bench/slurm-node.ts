// A booted node that is a whole Slurm cluster, with its agent and a store of many people in groups that become accounts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import { parseControllerUsers } from '../../src/common/text/controller-users.ts';
import { installAgent } from '../support/nodes/install.ts';
import { bootNode, type LoginNode } from '../support/nodes/node.ts';
import { BASE_URL, PORT, TOKEN } from '../support/nodes/store.ts';
import {
  addSlurmOperator,
  installSlurm,
  SLURM_PACKAGES,
  startSlurm,
  wipeSlurm,
} from '../support/slurm/slurm-cluster.ts';
import { showProgress } from './progress.ts';

export const ACCOUNTS = 10;
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
slurm:
  mode: enforce
  rules: [{ group: 'team*' }]
`;

/** A program that stays in the node's network: a line of JSON is a request, a line its answer and when it came. */
const CLIENT = `
  const { createInterface } = await import('node:readline');
  const [base, token] = process.argv.slice(1);
  const headers = { authorization: 'Bearer ' + token, 'content-type': 'application/scim+json' };
  for await (const line of createInterface(process.stdin)) {
    const answers = [];
    for (const [method, url, body] of JSON.parse(line)) {
      const response = await fetch(base + url, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
      const answer = await response.text();
      if (!response.ok) throw new Error(method + ' ' + url + ': ' + response.status + ' ' + answer);
      answers.push(answer === '' ? null : JSON.parse(answer));
    }
    console.log(JSON.stringify({ at: Date.now(), answers }));
  }`;

type Request = readonly [method: string, url: string, body?: unknown];

export interface SlurmWorld {
  readonly node: LoginNode;
  /** As root on the node. @throws Error where it fails. */
  must(command: string): string;
  /** The same, beside what else happens. @returns what it printed. */
  start(command: string): Promise<string>;
  /** People who are in the account `team`, and may log in. @returns when the store had them all, in epoch ms. */
  join(names: readonly string[], team: string): Promise<number>;
  /** @returns when the store had it, in epoch ms. */
  deactivate(name: string): Promise<number>;
  /** Takes Slurm's database and state away, and starts it anew. */
  wipe(): Promise<void>;
  /** @throws Error when it took too long. */
  until(what: string, isTrue: () => boolean): Promise<void>;
  /** Of a user, as the controller resolved it; null: not at all. */
  readUids(): ReadonlyMap<string, number | null>;
}

/** @param people who are there at first, in ACCOUNTS groups; the agent has made their accounts, and Slurm has none yet. */
export async function onSlurmNode(people: number, work: (world: SlurmWorld) => Promise<void>): Promise<void> {
  showProgress('slurm: a node and a cluster start');
  const node = await bootNode(
    'trixie',
    (root) => {
      installSlurm(root);
      installAgent(root, { config: CONFIG, token: TOKEN });
    },
    SLURM_PACKAGES,
  );
  const service = [process.execPath, TESTBED, '--json', '--port', String(PORT), '--token', TOKEN];
  const store = node.startInNetwork([...service, '--seed-users', String(people)]);
  const client = startClient(node);
  try {
    await startSlurm(node);
    addSlurmOperator(node);
    await once(store.stdout ?? store, 'data');
    const world = await makeWorld(node, client.ask);
    await world.until(`the agent has made ${people} accounts`, () => {
      const count = Number(node.exec("getent passwd | grep -c ':/bin/bash$'").stdout);
      return count >= people;
    });
    await work(world);
  } finally {
    client.stop();
    store.kill('SIGTERM');
    await node.stop();
  }
}

async function makeWorld(node: LoginNode, ask: Client['ask']): Promise<SlurmWorld> {
  const ids = new Map<string, string>();
  const groups = new Map<string, string>();
  const must = (command: string): string => {
    const { status, stdout, stderr } = node.exec(command);
    if (status !== 0) throw new Error(`${command}: status ${status}: ${stdout}${stderr}`);
    return stdout;
  };
  await listPeople(ask, ids);
  const members = [...ids.values()];
  for (let n = 0; n < ACCOUNTS; n += 1) {
    const own = members.filter((_, index) => index % ACCOUNTS === n);
    await createGroup(ask, groups, `team${n}`, own);
  }
  await createGroup(ask, groups, 'slurm-users', members);
  return {
    node,
    must,
    start: (command) => startOnNode(node, command),
    async join(names, team) {
      if (!groups.has(team)) await createGroup(ask, groups, team, []);
      const { answers } = await ask(names.map((name) => ['POST', '/Users', describeUser(name)] as const));
      const added = (answers as { id: string }[]).map(({ id }) => id);
      for (const [index, id] of added.entries()) ids.set(names[index] ?? '', id);
      const add = (group: string): Request => [
        'PATCH',
        `/Groups/${groups.get(group)}`,
        patch({ op: 'Add', path: 'members', value: added.map((value) => ({ value })) }),
      ];
      return (await ask([add(team), add('slurm-users')])).at;
    },
    async deactivate(name) {
      const body = patch({ op: 'Replace', path: 'active', value: 'False' });
      return (await ask([['PATCH', `/Users/${ids.get(name)}`, body]])).at;
    },
    wipe: async () => {
      wipeSlurm(node);
      await startSlurm(node);
      addSlurmOperator(node);
    },
    until: awaitTrue,
    readUids: () =>
      new Map(
        parseControllerUsers(must('scontrol -o show assoc_mgr flags=users')).map(({ name, uid }) => [
          name,
          uid,
        ]),
      ),
  };
}

async function awaitTrue(what: string, isTrue: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 900_000; Date.now() < deadline; await sleep(250)) if (isTrue()) return;
  throw new Error(`not within a quarter of an hour: ${what}`);
}

interface Client {
  /** One after the other. @returns the answers, and when the last one came, in epoch ms. */
  ask(requests: readonly Request[]): Promise<{ readonly at: number; readonly answers: readonly unknown[] }>;
  stop(): void;
}

function startClient(node: LoginNode): Client {
  const command = ['--input-type=module', '--eval', CLIENT, BASE_URL, TOKEN];
  const leader = node.networkPath().replace('/ns/net', '').replace('/proc/', '');
  const child = spawn('nsenter', ['-t', leader, '-n', process.execPath, ...command], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit').then(() => null);
  let rest = '';
  return {
    async ask(requests) {
      child.stdin.write(`${JSON.stringify(requests)}\n`);
      while (!rest.includes('\n')) {
        const data = await Promise.race([once(child.stdout, 'data'), ended]);
        if (data === null) throw new Error('the store refused what the benchmark asked');
        rest += (data as [Buffer])[0].toString();
      }
      const [line = '', ...more] = rest.split('\n');
      rest = more.join('\n');
      return JSON.parse(line) as Awaited<ReturnType<Client['ask']>>;
    },
    stop: () => void child.kill('SIGKILL'),
  };
}

async function listPeople(ask: Client['ask'], ids: Map<string, string>): Promise<void> {
  for (let total = 1; ids.size < total;) {
    const { answers } = await ask([['GET', `/Users?count=1000&startIndex=${ids.size + 1}`]]);
    const [page] = answers as { totalResults: number; Resources: { id: string; userName: string }[] }[];
    if (page === undefined || page.Resources.length === 0) return;
    total = page.totalResults;
    for (const { id, userName } of page.Resources) ids.set(userName.split('@')[0] ?? '', id);
  }
}

async function createGroup(
  ask: Client['ask'],
  groups: Map<string, string>,
  displayName: string,
  members: readonly string[],
): Promise<void> {
  const body = {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
    displayName,
    members: members.map((value) => ({ value })),
  };
  const { answers } = await ask([['POST', '/Groups', body]]);
  groups.set(displayName, (answers[0] as { id: string }).id);
}

function describeUser(name: string): object {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName: `${name}@example.com`,
    active: true,
  };
}

function patch(operation: object): object {
  return { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations: [operation] };
}

async function startOnNode(node: LoginNode, command: string): Promise<string> {
  const leader = node.networkPath().split('/')[2] ?? '';
  const child = spawn('nsenter', ['-t', leader, '-a', 'sh', '-c', command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said, [status]] = await Promise.all([text(child.stdout), once(child, 'exit') as Promise<[number]>]);
  if (status !== 0) throw new Error(`${command}: status ${status}`);
  return said.trim();
}
