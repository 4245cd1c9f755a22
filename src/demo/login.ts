// A real sshd over this machine's own system, in a private mount and process namespace: nothing of it stays.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const CODE = path.resolve(import.meta.dirname, '../..');

export interface DemoNode {
  /** Runs a shell command as root inside; what it prints, both streams. */
  run(command: string): { status: number | null; output: string };
  /** `ssh USER@127.0.0.1 COMMAND` from this machine. */
  ssh(user: string, keyFile: string, command: string): { status: number | null; output: string };
  readonly port: number;
  stop(): void;
}

/** Why this machine cannot; null: it can. */
export function findObstacle(): string | null {
  if (process.geteuid?.() !== 0) return 'that needs root';
  if (!existsSync('/etc/debian_version')) return 'that needs Debian or Ubuntu';
  if (spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']).status !== 0) {
    return 'this machine does not allow private mount namespaces';
  }
  if (spawnSync('ssh', ['-V']).status !== 0) return 'that needs an ssh client (openssh-client)';
  return null;
}

/** Where this project lies inside the node: somewhere that the reader's user can reach, unlike perhaps root's home. */
export const NODE_CODE = '/opt/sunk-agent';

/** @param settings folder with what goes into the node's /etc/sunk-agent. */
export async function startNode(folder: string, settings: string): Promise<DemoNode> {
  mkdirSync(folder);
  const modules = realpathSync(path.join(CODE, 'node_modules'));
  const script = path.join(import.meta.dirname, 'node.sh');
  const holder = spawn(
    'unshare',
    ['--mount', '--pid', '--fork', '--kill-child', 'sh', script, folder, CODE, modules, settings],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  await Promise.race([once(holder.stdout, 'data'), once(holder, 'exit')]);
  // With --pid the namespace's first process is unshare's child; the holder itself stays outside.
  const [inner = ''] = readFileSync(
    `/proc/${holder.pid ?? 0}/task/${holder.pid ?? 0}/children`,
    'utf8',
  ).split(' ');
  if (inner === '') throw new Error('the private node did not start');
  const enter = ['-t', inner, '--mount', '--pid', '--root', 'env', '-C', '/'];
  const port = await findFreePort();
  const sshd = spawn('nsenter', [...enter, '/usr/sbin/sshd', '-D', '-e', '-p', String(port)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await awaitListening(sshd);

  return {
    port,
    run: (command) => collect('nsenter', [...enter, 'sh', '-c', `exec 2>&1; ${command}`]),
    ssh: (user, keyFile, command) => {
      const options = [
        'BatchMode=yes',
        'IdentitiesOnly=yes',
        'LogLevel=ERROR',
        'StrictHostKeyChecking=no',
        'UserKnownHostsFile=/dev/null',
      ];
      const flags = options.flatMap((option) => ['-o', option]);
      return collect('ssh', [
        '-F',
        '/dev/null',
        ...flags,
        '-i',
        keyFile,
        '-p',
        String(port),
        `${user}@127.0.0.1`,
        command,
      ]);
    },
    stop() {
      sshd.kill('SIGTERM');
      holder.kill('SIGKILL');
    },
  };
}

function collect(program: string, args: readonly string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 60_000 });
  return { status, output: stdout + stderr };
}

async function awaitListening(sshd: ChildProcess): Promise<void> {
  let log = '';
  sshd.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  for (let tries = 0; tries < 100; tries += 1) {
    if (log.includes('Server listening')) return;
    if (sshd.exitCode !== null) break;
    await sleep(50);
  }
  throw new Error(`sshd did not start: ${log}`);
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
