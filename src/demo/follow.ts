// The part of the demonstration with a second node: it has no token and no Node, and follows what a publisher signed.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { entra } from './company.ts';
import { announce, HERE, perform, show, workDirectory } from './harness.ts';
import { makeRoot } from './root.ts';

const FOLLOWER = path.join(HERE, 'packaging/follower');
const publisher = path.join(workDirectory, 'publisher');
const node = path.join(workDirectory, 'follower');

/** Needs root, since the follower ends sessions: it runs with processes of its own. */
export async function showFollower(config: string, token: string): Promise<void> {
  announce(
    'One agent for a whole cluster: it signs what it decides, and a second node, without token, follows.',
  );
  makeRoot(publisher, `${config}  backend: publish\n`, token);
  const key = path.join(publisher, 'var/lib/sunk-agent/publish-key');
  mkdirSync(path.dirname(key), { recursive: true });
  await perform(
    "ssh-keygen -t ed25519 -N '' -f PUBLISHER/…/publish-key",
    [0],
    'ssh-keygen',
    '-q',
    '-t',
    'ed25519',
    '-N',
    '',
    '-C',
    'demo',
    '-f',
    key,
  );
  layFollower(readFileSync(`${key}.pub`, 'utf8'));
  await publish();
  await follow();
  if (!(await askForKeys()).includes('ssh-ed25519')) throw new Error('bob has no key on the follower');

  announce('Bob leaves. The next generation says so, and the second node has it at its next look.');
  await entra('user', 'disable', 'bob@example.com');
  show(await entra('cycle'));
  await publish();
  await follow();
  if ((await askForKeys()) !== '') throw new Error('bob still has a key on the follower');
}

/** What a pod's image and its mounts would have. */
function layFollower(publicKey: string): void {
  mkdirSync(path.join(node, 'run'), { recursive: true });
  const files = {
    publishers: `sunk-agent namespaces="sunk-agent-generation" ${publicKey}`,
    operators: '',
    passwd: 'root:x:0:0:root:/root:/bin/sh\n',
    group: 'root:x:0:\n',
    sudoers: 'root ALL=(ALL:ALL) ALL\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(node, name), text);
  const lines = Object.keys(files).map((name) => `${name}='${path.join(node, name)}'\n`);
  const more = `volume='${path.join(publisher, 'srv/sunk-agent')}'\nrun='${path.join(node, 'run')}'\n`;
  writeFileSync(path.join(node, 'follower.conf'), `${lines.join('')}${more}`);
}

function publish(): Promise<string> {
  const program = path.join(HERE, 'src/cli/main.ts');
  return perform(
    'sunk-agent sync --root PUBLISHER',
    [0],
    process.execPath,
    program,
    'sync',
    '--root',
    publisher,
  );
}

async function follow(): Promise<void> {
  const own = ['--pid', '--fork', '--mount-proc', '--kill-child'];
  const command = ['sh', path.join(FOLLOWER, 'follower'), '--once', path.join(node, 'follower.conf')];
  await perform('follower --once', [0], 'unshare', ...own, ...command);
  show(readFileSync(path.join(node, 'run/follower.status'), 'utf8').replace(/^/gm, '  '));
}

/** What sshd of the second node would be told about bob. */
async function askForKeys(): Promise<string> {
  const current = path.join(node, 'run/current');
  const [, uid = ''] = /^bob:x:(\d+):/m.exec(readFileSync(path.join(current, 'passwd.cache'), 'utf8')) ?? [];
  const helper = path.join(FOLLOWER, 'follower-keys');
  const denied = path.join(node, 'run/denied');
  const said = await perform(
    `follower-keys bob ${uid} /home/bob`,
    [0],
    'sh',
    helper,
    'bob',
    uid,
    '/nonexistent',
    current,
    denied,
  );
  if (said === '') show('(no key)');
  return said;
}
