// The demonstration's last act: a real SSH login against a real sshd, in a private copy of this machine.
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { entra } from './company.ts';
import { announce, HERE, perform, run, show, stage, start, type Result } from './stage.ts';

const CODE = '/opt/sunk-agent';
const KEY = '/tmp/alice';
const STRANGER = '/tmp/stranger';

/** Runs a program inside the private node. */
type Enter = (...command: string[]) => Promise<Result>;

/** Why no login can be shown here; null: it can. */
export function findObstacle(): string | null {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.geteuid?.() !== 0) return 'only root can make a private node; sudo npm run demo shows it';
  if (!existsSync('/etc/debian_version')) return 'this is neither Debian nor Ubuntu';
  return null;
}

/** Opens the node, logs alice in, off-boards her, and shows that the same key is refused. */
export async function showLogin(config: string, token: string): Promise<void> {
  announce('Making a private node: this machine’s files under an overlay that only the demonstration sees.');
  const place = await openNode();
  if (typeof place === 'string') {
    show(`not possible here: ${place}`);
    return;
  }
  const inside: Enter = (...command) => run('nsenter', ...place, ...command);
  const agent = (...args: string[]): [string, ...string[]] => [
    'nsenter',
    ...place,
    `${CODE}/node_modules/.bin/node`,
    `${CODE}/src/cli.ts`,
    ...args,
  ];
  const configure = 'cat >/etc/sunk-agent/config.yaml <<END\n' + config + 'END\n';
  const give = `umask 077; echo '${token}' >/etc/sunk-agent/credentials/scim-token; chown sunk-reader /etc/sunk-agent/credentials/scim-token`;
  await must(inside('sh', '-ec', `${configure}${give}`));
  await must(inside('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'alice@laptop', '-f', KEY));
  const port = String(await findFreePort());
  await must(inside('/usr/sbin/sshd', '-p', port));
  show(`its sshd, ${(await inside('ssh', '-V')).stderr.trim()}, listens on 127.0.0.1:${port}`);

  announce(
    'Alice is back, with a key that ssh-keygen just made; Entra pushes it, and the agent syncs the node.',
  );
  const { stdout: key } = await must(inside('cat', `${KEY}.pub`));
  await entra('user', 'enable', 'alice@example.com');
  await entra('graph', 'set-key', 'alice@example.com', key.trim());
  show(await entra('cycle'));
  await perform('sunk-agent sync', [0], ...agent('sync', '--full'));

  announce('Alice logs in.');
  const logIn = (key: string): [string, ...string[]] => [
    'nsenter',
    ...place,
    'ssh',
    ...sshOptions(port, key),
    'alice@127.0.0.1',
  ];
  const said = await perform('ssh alice@login-node id', [0], ...logIn(KEY), 'id');
  if (!said.includes('(alice)')) throw new Error('the login was somebody else’s');
  announce('A stranger, with a key that nobody listed, does not.');
  await must(inside('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', STRANGER));
  await perform('ssh -i stranger alice@login-node id', [255], ...logIn(STRANGER), 'id');

  announce('Alice leaves: Entra disables her, the agent syncs, and the same key is refused.');
  await entra('user', 'disable', 'alice@example.com');
  show(await entra('cycle'));
  await perform('sunk-agent sync', [0], ...agent('sync', '--full'));
  await perform('ssh alice@login-node id', [255], ...logIn(KEY), 'id');
}

/** @returns what nsenter(1) needs in front of a command, or why there is no node. */
async function openNode(): Promise<string[] | string> {
  const folder = path.join(stage, 'node');
  mkdirSync(folder);
  const script = path.join(HERE, 'src/demo/node.sh');
  const modules = realpathSync(path.join(HERE, 'node_modules'));
  const unshare = ['--mount', '--pid', '--fork', '--kill-child', 'sh', script, folder, HERE, modules];
  const holder = start('unshare', unshare, 'pipe');
  if (holder.stdout === null || holder.stderr === null) throw new Error('unshare has no output');
  const complaints = text(holder.stderr);
  let said = '';
  for await (const chunk of holder.stdout) {
    said += String(chunk);
    if (said.includes('ready')) break;
  }
  if (!said.includes('ready')) return (await complaints).trim();
  const { stdout: children } = await must(
    run('cat', `/proc/${holder.pid ?? 0}/task/${holder.pid ?? 0}/children`),
  );
  return ['--target', children.trim(), '--mount', '--pid', '--root', 'env', '-C', '/'];
}

async function must(result: Promise<Result>): Promise<Result> {
  const { status, stdout, stderr } = await result;
  if (status !== 0) throw new Error(`a step of the private node failed: ${stderr}${stdout}`);
  return { status, stdout, stderr };
}

function sshOptions(port: string, key: string): string[] {
  const options = ['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null'];
  options.push('LogLevel=ERROR', 'IdentitiesOnly=yes');
  return ['-F', '/dev/null', '-p', port, '-i', key, ...options.flatMap((option) => ['-o', option])];
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
