// npm run demo: from a pushed user to a real SSH login and out again, on a throwaway copy of a node.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeKeyPair } from './key-pair.ts';
import { type DemoNode, findObstacle, NODE_CODE, startNode } from './login.ts';
import { remark, show, tell } from './narrator.ts';
import { type DemoStore, startStore } from './store.ts';

const CODE = path.resolve(import.meta.dirname, '../..');
const CLI = path.join(CODE, 'src/cli.ts');
/** Inside the node, where this project lies at another place. */
const SYNC = `LOG_LEVEL=error ${NODE_CODE}/node_modules/.bin/node ${NODE_CODE}/src/cli.ts sync`;

const folder = mkdtempSync(path.join(tmpdir(), 'sunk-agent-demo-'));
const root = path.join(folder, 'root');
let store: DemoStore | null = null;
let node: DemoNode | null = null;

function cleanUp(): void {
  node?.stop();
  store?.stop();
  rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

process.once('exit', cleanUp);
for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(status));
}

/** A node's files, as far as the agent looks at them. */
function layOutRoot(): void {
  for (const part of ['etc/sunk-agent/credentials', 'etc/skel', 'home'])
    mkdirSync(path.join(root, part), { recursive: true });
  const files = {
    'etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
    'etc/group': 'root:x:0:\n',
    'etc/shadow': 'root:*:20000:0:99999:7:::\n',
    'etc/gshadow': 'root:*::\n',
    'etc/shells': '/bin/sh\n/bin/bash\n',
  };
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(root, file), text);
}

function configure(where: string, { baseUrl, readToken }: DemoStore): string {
  const config = `scim:\n  base_url: ${baseUrl}\naccess:\n  groups: [{ name: slurm-users }]\naccounts:\n  domains: [example.com]\n`;
  writeFileSync(path.join(where, 'config.yaml'), config);
  writeFileSync(path.join(where, 'credentials/scim-token'), `${readToken}\n`, { mode: 0o600 });
  return config;
}

/** Runs the agent's command line on the throwaway root. `expected`: the statuses that are fine. */
function agent(command: string, expected: readonly number[]): void {
  const args = [CLI, ...command.split(' '), '--root', root];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, LOG_LEVEL: 'error' },
  });
  show(`sunk-agent ${command} --root ROOT`, stdout + stderr);
  if (status === null || !expected.includes(status))
    throw new Error(`sunk-agent ${command} ended with status ${status ?? 'none'}`);
}

function showAccount(name: string): void {
  for (const file of ['passwd', 'shadow', 'group']) {
    const lines = readFileSync(path.join(root, 'etc', file), 'utf8').split('\n');
    const shown = lines.filter((line) => line.split(/[:,]/).includes(name));
    show(`grep ${name} ROOT/etc/${file}`, shown.join('\n'));
  }
}

function showHelper(name: string): string {
  const helper = path.join(CODE, 'packaging/authorized-keys');
  const { stdout } = spawnSync('sh', [helper, name, path.join(root, 'var/lib/sunk-agent/authorized_keys')], {
    encoding: 'utf8',
  });
  show(`/usr/libexec/sunk-agent/authorized-keys ${name}`, stdout === '' ? '(nothing)' : stdout);
  return stdout;
}

async function rehearse(): Promise<void> {
  tell('Start the testbed: a SCIM service like the one that CoreWeave runs, here on loopback.');
  store = await startStore();
  remark(`SCIM Base URL: ${store.baseUrl}`);

  tell('Push a small organisation as Entra does: create, then PATCH the key, then the members of a group.');
  const keyFile = path.join(folder, 'alice.key');
  const publicKey = makeKeyPair(keyFile);
  const alice = await store.createUser('alice@example.com', 'Alice Example');
  await store.addKey(alice, publicKey);
  await store.createUser('bob@example.com', 'Bob Example');
  const group = await store.createGroup('slurm-users');
  await store.addMember(group, alice);
  remark('alice@example.com has a key and is in slurm-users; bob@example.com is in no group.');

  tell('Configure the agent on a throwaway node (ROOT), and look at the plan before anything changes.');
  layOutRoot();
  show('cat ROOT/etc/sunk-agent/config.yaml', configure(path.join(root, 'etc/sunk-agent'), store));
  agent('plan --fetch', [2]);

  tell('Do it, and look at the account.');
  agent('sync', [0]);
  showAccount('alice');

  tell(
    'What sshd gets when it asks for keys: alice’s, with a date after which sshd refuses it; nothing for bob.',
  );
  if (showHelper('alice') === '' || showHelper('bob') !== '')
    throw new Error('the helper does not answer as it should');

  const obstacle = findObstacle();
  if (obstacle === null) await logIn(store, keyFile);
  else remark(`\nA real SSH login is left out: ${obstacle}.`);

  tell('Off-board alice, as Entra does when she is unassigned: active becomes "False".');
  await store.deactivate(alice);
  agent('sync', [0]);
  showAccount('alice');
  if (showHelper('alice') !== '') throw new Error('the key is still served');
  if (node !== null) {
    show('sunk-agent sync', node.run(SYNC).output);
    const { status, output } = node.ssh('alice', keyFile, 'id');
    show('ssh alice@node id', output);
    if (status !== 255) throw new Error('sshd still lets alice in');
  }

  tell('Done. Everything that this made is removed; nothing on this machine has changed.');
}

async function logIn(source: DemoStore, keyFile: string): Promise<void> {
  tell(
    'A real login: this machine’s own system under an overlay that only the demo sees, with an sshd of its own.',
  );
  const place = path.join(folder, 'etc');
  mkdirSync(path.join(place, 'credentials'), { recursive: true });
  configure(place, source);
  const started = await startNode(path.join(folder, 'node'), place);
  node = started;
  show('sunk-agent sync', mustSucceed(started.run(SYNC)));
  show('ssh alice@node id', mustSucceed(started.ssh('alice', keyFile, 'id')));
  const stranger = path.join(folder, 'stranger.key');
  makeKeyPair(stranger);
  const refused = started.ssh('alice', stranger, 'id');
  show('ssh -i STRANGER alice@node id', refused.output);
  if (refused.status !== 255) throw new Error('sshd lets a stranger in');
}

function mustSucceed({ status, output }: { status: number | null; output: string }): string {
  if (status !== 0) throw new Error(`status ${status ?? 'none'}: ${output}`);
  return output;
}

await rehearse();
process.exit(0);
