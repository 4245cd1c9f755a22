// A login node to test on: a whole Debian, booted with systemd in a container of its own over a throwaway overlay.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ARCHITECTURES } from '../../packaging/deb/architecture.ts';
import { findSqliteAddon } from '../../packaging/deb/sqlite-addon.ts';
import { ensureLayers, type Release } from './base.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');

/** Where the repository is seen inside a node, read-only. */
export const CODE = '/opt/sunk-agent';

const FOLDER = '/var/tmp';
const PREFIX = 'sunk-node-';

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface LoginNode {
  readonly release: Release;
  /** The node's / as this machine sees it. */
  readonly root: string;
  /** Runs a shell command as root inside the node. */
  exec(command: string): Result;
  /** Runs a program of this machine in the node's network: 127.0.0.1 is the node's. */
  runInNetwork(command: readonly string[]): Result;
  startInNetwork(command: readonly string[]): ChildProcess;
  /** A real ssh to the node's sshd. */
  ssh(user: string, keyFile: string, command: string): Result;
  /** Starts an ssh that stays. */
  startSsh(user: string, keyFile: string, command: string): ChildProcess;
  stop(): Promise<void>;
}

const SSH_OPTIONS = [
  'StrictHostKeyChecking=no',
  'UserKnownHostsFile=/dev/null',
  'BatchMode=yes',
  'LogLevel=ERROR',
  'IdentitiesOnly=yes',
].flatMap((option) => ['-o', option]);

/**
 * Boots a node and waits until systemd has finished starting.
 * @param install writes into the node's root folder before it boots.
 * @param packages of Debian's that the base has not.
 */
export async function bootNode(
  release: Release,
  install: (root: string) => void = () => {},
  packages: readonly string[] = [],
): Promise<LoginNode> {
  sweepLeftovers();
  const layers = ensureLayers(release, packages);
  const folder = mkdtempSync(path.join(FOLDER, PREFIX));
  const [upper, work, root] = ['upper', 'work', 'root'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const part of [upper, work, root]) mkdirSync(part, { mode: 0o755 });
  writeFileSync(path.join(folder, 'owner'), String(process.pid));
  mustRun('mount', [
    '-t',
    'overlay',
    'overlay',
    '-o',
    `lowerdir=${layers},upperdir=${upper},workdir=${work}`,
    root,
  ]);
  const addon = release === 'bullseye' ? compileAddon() : null;
  mkdirSync(path.join(root, CODE), { recursive: true });
  install(root);

  const console_ = openSync(path.join(folder, 'console'), 'w');
  const modules = realpathSync(path.join(REPOSITORY, 'node_modules'));
  const container = spawn(
    'systemd-nspawn',
    [
      '--boot',
      '--register=no',
      '--keep-unit',
      '--quiet',
      `--machine=${path.basename(folder)}`,
      '--private-network',
      `--directory=${root}`,
      `--bind-ro=${REPOSITORY}:${CODE}`,
      ...(addon === null
        ? []
        : [`--bind-ro=${addon}:${CODE}/node_modules/better-sqlite3/prebuilds/linux-${process.arch}.node`]),
      ...(modules === path.join(REPOSITORY, 'node_modules') ? [] : [`--bind-ro=${modules}:${modules}`]),
    ],
    { stdio: ['ignore', console_, console_] },
  );
  writeFileSync(path.join(folder, 'container'), String(container.pid));
  const removeOnExit = (): void => removeNode(folder);
  process.once('exit', removeOnExit);

  const leader = await removeOnFailure(folder, () => awaitLeader(container.pid ?? 0, folder));
  const exec = (command: string): Result => run('nsenter', ['-t', leader, '-a', 'sh', '-c', command]);
  const sshArguments = (user: string, keyFile: string, command: string): string[] => [
    '-t',
    leader,
    '-n',
    'ssh',
    ...SSH_OPTIONS,
    '-i',
    keyFile,
    `${user}@127.0.0.1`,
    command,
  ];
  await removeOnFailure(folder, () => awaitBoot(exec, folder));

  return {
    release,
    root,
    exec,
    runInNetwork: (command) => run('nsenter', ['-t', leader, '-n', ...command]),
    startInNetwork: (command) =>
      spawn('nsenter', ['-t', leader, '-n', ...command], { stdio: ['ignore', 'pipe', 'inherit'] }),
    ssh: (user, keyFile, command) => run('nsenter', sshArguments(user, keyFile, command)),
    startSsh: (user, keyFile, command) =>
      spawn('nsenter', sshArguments(user, keyFile, command), { stdio: ['ignore', 'pipe', 'pipe'] }),
    async stop() {
      process.off('exit', removeOnExit);
      container.kill('SIGTERM');
      await Promise.race([new Promise((resolve) => container.once('exit', resolve)), sleep(20_000)]);
      removeNode(folder);
    },
  };
}

/** The addon as the package has it: the prebuilt one does not load on Debian 11. */
function compileAddon(): string {
  const here = ARCHITECTURES.find(({ node }) => node === process.arch);
  if (here === undefined) throw new Error(`there is no package for ${process.arch}`);
  return findSqliteAddon(here, 'compiled').file;
}

async function removeOnFailure<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    removeNode(folder);
    throw error;
  }
}

/** systemd's pid 1 of the node, as this machine numbers it: nspawn's child. */
async function awaitLeader(container: number, folder: string): Promise<string> {
  for (let tries = 0; tries < 100; tries += 1) {
    const [leader] = readFileSync(`/proc/${container}/task/${container}/children`, 'utf8').split(' ');
    if (leader !== undefined && leader !== '') return leader;
    await sleep(100);
  }
  throw new Error(`the node did not start: ${readConsole(folder)}`);
}

async function awaitBoot(exec: (command: string) => Result, folder: string): Promise<void> {
  let state = '';
  for (let tries = 0; tries < 300; tries += 1) {
    state = exec('systemctl is-system-running').stdout.trim();
    if (state === 'running' || state === 'degraded') break;
    await sleep(200);
  }
  if (state !== 'running') {
    const failed = exec('systemctl --failed --no-legend --plain').stdout;
    throw new Error(`the node came up ${state || 'not at all'}: ${failed}${readConsole(folder)}`);
  }
}

function readConsole(folder: string): string {
  return readFileSync(path.join(folder, 'console'), 'utf8').slice(-2000);
}

/** Kills the container, unmounts and deletes; also what is left of a node whose test was killed. */
function removeNode(folder: string): void {
  const container = readNumber(path.join(folder, 'container'));
  if (container !== null && readCommand(container).includes(path.basename(folder))) {
    process.kill(container, 'SIGKILL');
    for (let tries = 0; tries < 50 && readCommand(container) !== ''; tries += 1) spawnSync('sleep', ['0.1']);
  }
  killInside(folder);
  spawnSync('umount', ['--lazy', path.join(folder, 'root')]);
  rmSync(folder, { recursive: true, force: true });
}

/** What runs inside outlives a killed systemd-nspawn; it is known by its /, which is the node's overlay. */
function killInside(folder: string): void {
  const root = new RegExp(`^overlay / overlay .*upperdir=${folder}/upper`, 'm');
  const inside = readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && root.test(readProcFile(Number(name), 'mounts')),
  );
  // The first one takes the others with it, so some are gone before their turn.
  if (inside.length > 0) spawnSync('kill', ['-KILL', ...inside]);
}

/** Removes nodes whose owner is no longer there. */
function sweepLeftovers(): void {
  for (const name of readdirSync(FOLDER).filter((entry) => entry.startsWith(PREFIX))) {
    const folder = path.join(FOLDER, name);
    const owner = readNumber(path.join(folder, 'owner'));
    if (owner === null || readCommand(owner) === '') removeNode(folder);
  }
}

function readNumber(file: string): number | null {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** The command line of a process; empty if there is none. */
function readCommand(pid: number): string {
  return readProcFile(pid, 'cmdline');
}

/** A file of proc(5) about a process; empty if there is none. */
function readProcFile(pid: number, file: 'cmdline' | 'mounts'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function run(command: string, args: readonly string[]): Result {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: 60_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  return { status, stdout, stderr };
}

function mustRun(command: string, args: readonly string[]): void {
  const { status, stderr } = run(command, args);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
}
