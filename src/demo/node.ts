// A private login node: made by node.sh in namespaces of its own, entered with nsenter(1), gone with this process.
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { findFreePort } from './free-port.ts';
import { HERE, run, workDirectory, start, type Result } from './harness.ts';

export interface PrivateNode {
  /** What stands in front of a command to run it there, as root: a program and its arguments. */
  readonly enter: readonly [string, ...string[]];
  /** Runs a command there. */
  readonly run: (...command: string[]) => Promise<Result>;
}

/** Why no private node can be made here; null: it can. */
export function findObstacle(): string | null {
  if (process.platform !== 'linux') return 'this is not Linux';
  if (process.geteuid?.() !== 0) return 'only root can make a private node';
  if (!existsSync('/etc/debian_version')) return 'this is neither Debian nor Ubuntu';
  return null;
}

/** @returns the node, or what the system said against it. */
export async function openNode(): Promise<PrivateNode | string> {
  const directory = path.join(workDirectory, 'node');
  mkdirSync(directory);
  const script = path.join(HERE, 'src/demo/node.sh');
  const modules = realpathSync(path.join(HERE, 'node_modules'));
  const unshare = ['--mount', '--pid', '--fork', '--kill-child', 'sh', script, directory, HERE, modules];
  const holder = start('unshare', unshare, 'pipe');
  if (holder.stdout === null || holder.stderr === null) throw new Error('unshare has no output');
  const errors = text(holder.stderr);
  let said = '';
  for await (const chunk of holder.stdout) {
    said += String(chunk);
    if (said.includes('ready')) break;
  }
  if (!said.includes('ready')) return (await errors).trim();
  const children = await must(run('cat', `/proc/${holder.pid ?? 0}/task/${holder.pid ?? 0}/children`));
  const target = children.stdout.trim();
  const enter = ['nsenter', '--target', target, '--mount', '--pid', '--root', 'env', '-C', '/'] as const;
  const [program, ...args] = enter;
  return { enter: [program, ...args], run: (...command) => run(program, ...args, ...command) };
}

/** Starts the node's sshd on loopback. @returns its port. */
export async function startSshd(node: PrivateNode): Promise<string> {
  const port = String(await findFreePort());
  await must(node.run('/usr/sbin/sshd', '-p', port));
  return port;
}

/** @throws Error with what the program printed, unless it ended with status 0. */
export async function must(result: Promise<Result>): Promise<Result> {
  const { status, stdout, stderr } = await result;
  if (status !== 0) throw new Error(`a step of the private node failed: ${stderr}${stdout}`);
  return { status, stdout, stderr };
}
