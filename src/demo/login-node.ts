// `npm run login-node`: a private login node with an sshd, and root's shell on it; the node ends with the shell.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { readArguments } from './arguments.ts';
import { findObstacle, must, openNode, startSshd, type PrivateNode } from './node.ts';
import { cleanUpAtTheEnd, workDirectory } from './harness.ts';

const USAGE = `usage: npm run login-node

A login node with an sshd, on a private copy of this machine's files, and a root shell on it. Both end with the shell, and
this machine stays as it is. Needs root on Debian or Ubuntu.
`;

async function main(): Promise<number> {
  const obstacle = findObstacle();
  const node = obstacle ?? (await openNode());
  if (typeof node === 'string') throw new Error(node);
  const config = await writeSshConfig(node, await startSshd(node));
  process.stdout.write(
    `A login node under an overlay of this machine's files: what is changed on it is gone when this shell ends.\n` +
      `ssh config: ${config}\nThis shell is root's on it; sunk-agent is there.\n`,
  );
  return openShell(node);
}

/** What `ssh -F` needs to reach the node by the name login-node, and to know it by its host key. */
async function writeSshConfig(node: PrivateNode, port: string): Promise<string> {
  const { stdout: hostKey } = await must(node.run('cat', '/etc/ssh/ssh_host_ed25519_key.pub'));
  const knownHosts = path.join(workDirectory, 'known_hosts');
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${hostKey}`);
  const config = path.join(workDirectory, 'ssh_config');
  const lines = ['HostName 127.0.0.1', `Port ${port}`, `UserKnownHostsFile ${knownHosts}`];
  lines.push('StrictHostKeyChecking yes', 'IdentitiesOnly yes', 'PasswordAuthentication no');
  writeFileSync(config, `Host login-node\n${lines.map((line) => `  ${line}\n`).join('')}`);
  return config;
}

/** @returns the shell's exit status. */
async function openShell({ enter: [program, ...args] }: PrivateNode): Promise<number> {
  const shell = ['env', 'PS1=login-node# ', 'bash', '--norc', '--noprofile'];
  const child = spawn(program, [...args, ...shell], { stdio: 'inherit' });
  const [status] = (await once(child, 'exit')) as [number | null];
  return status ?? 1;
}

cleanUpAtTheEnd();
readArguments(USAGE, {});
try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`login-node: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
