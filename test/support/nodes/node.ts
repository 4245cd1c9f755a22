// A login node to test on: a whole Debian, booted with systemd in a container of its own over a throwaway overlay.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DIRECTORY, PREFIX, readProcFile, removeNode, sweepLeftovers } from './node-remains.ts';
import { ensureLayers, type Release } from './base.ts';
import { inControlGroup } from './control-group.ts';
import { mountOverlay } from './overlay.ts';
import { type Result, run } from './run.ts';
import { SSH_OPTIONS } from './ssh-options.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../../..');

/** Where the repository is seen inside a node, read-only. */
export const CODE = '/opt/sunk-agent';

export interface LoginNode {
  readonly release: Release;
  /** The node's / as this machine sees it. */
  readonly root: string;
  /** Runs a shell command as root inside the node. */
  exec(command: string): Result;
  /** The node's network namespace, as a path of this machine. */
  networkPath(): string;
  /** Runs a program of this machine in the node's network: 127.0.0.1 is the node's. */
  runInNetwork(command: readonly string[]): Result;
  startInNetwork(command: readonly string[]): ChildProcess;
  /** A real ssh to the node's sshd. */
  ssh(user: string, keyFile: string, command: string): Result;
  /** Starts an ssh that stays. */
  startSsh(user: string, keyFile: string, command: string): ChildProcess;
  /** Stops the node's systemd (SIGSTOP) or lets it go on (SIGCONT); what it started runs. */
  signalSystemd(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Shuts the node down and boots it again, on the same disk and in a new, empty network. */
  restart(): Promise<void>;
  /** Ends it as a power cut would, and deletes it. */
  stop(): Promise<void>;
}

/**
 * Has sshd read its configuration. On these nodes systemd also holds sshd's socket (ssh.socket), so the SIGHUP of
 * `systemctl reload` ends sshd: it cannot bind the port, and is gone until the next connection starts it. A restart
 * returns when sshd is ready; connections in between wait in the socket. Restarts count towards the start limit.
 */
export const RESTART_SSHD = 'systemctl reset-failed ssh.service; systemctl restart ssh.service';

/** A container without systemd: what runs in it instead. */
export interface Pod {
  /** A directory that lies over the base as the lower layers of an image do. */
  readonly image: string;
  /** Further arguments of systemd-nspawn(1): volumes, capabilities. */
  readonly arguments: readonly string[];
  /** Its first process. */
  readonly program: readonly string[];
  /** The node whose network it shares; null: it has one of its own. */
  readonly beside: LoginNode | null;
}

/** As doctor asks of an operator: useradd gives no uid of those that the store gives. */
function limitLocalUids(root: string): void {
  const file = path.join(root, 'etc/login.defs');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/^UID_MAX\s.*$/m, 'UID_MAX 9999'));
}

/**
 * Boots a node and waits until systemd has finished starting.
 * @param install writes into the node's root directory before it boots.
 * @param packages of Debian's that the base has not.
 * @param pod starts this instead of systemd, and does not wait for anything.
 */
export async function bootNode(
  release: Release,
  install: (root: string) => void = () => {},
  packages: readonly string[] = [],
  pod: Pod | null = null,
): Promise<LoginNode> {
  sweepLeftovers();
  const layers = [...(pod === null ? [] : [pod.image]), ensureLayers(release, packages)].join(':');
  const directory = mkdtempSync(path.join(DIRECTORY, PREFIX));
  writeFileSync(path.join(directory, 'owner'), String(process.pid));
  const { root } = mountOverlay(directory, layers);
  mkdirSync(path.join(root, CODE), { recursive: true });
  limitLocalUids(root);
  install(root);

  const console_ = openSync(path.join(directory, 'console'), 'w');
  const args = renderNspawn(directory, root, pod);
  const [program, ...command] = inControlGroup(path.basename(directory), ['systemd-nspawn', ...args]);
  const boot = (): ChildProcess => spawn(program, command, { stdio: ['ignore', console_, console_] });
  let container = boot();
  let leader = '';
  const removeOnExit = (): void => removeNode(directory);
  process.once('exit', removeOnExit);
  const exec = (command: string): Result => run('nsenter', ['-t', leader, '-a', 'sh', '-c', command]);
  const awaitUp = (): Promise<void> =>
    removeOnFailure(directory, async () => {
      writeFileSync(path.join(directory, 'container'), String(container.pid));
      leader = await awaitLeader(container.pid ?? 0, directory);
      if (pod === null) await awaitBoot(exec, directory);
    });
  await awaitUp();
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

  return {
    release,
    root,
    exec,
    networkPath: () => `/proc/${leader}/ns/net`,
    runInNetwork: (command) => run('nsenter', ['-t', leader, '-n', ...command]),
    startInNetwork: (command) =>
      spawn('nsenter', ['-t', leader, '-n', ...command], { stdio: ['ignore', 'pipe', 'inherit'] }),
    ssh: (user, keyFile, command) => run('nsenter', sshArguments(user, keyFile, command)),
    startSsh: (user, keyFile, command) =>
      spawn('nsenter', sshArguments(user, keyFile, command), { stdio: ['ignore', 'pipe', 'pipe'] }),
    signalSystemd(signal) {
      process.kill(Number(leader), signal);
    },
    async restart() {
      const ended = once(container, 'exit');
      exec('systemctl poweroff');
      await ended;
      container = boot();
      await awaitUp();
    },
    async stop() {
      process.off('exit', removeOnExit);
      // It is thrown away: its units need not stop in good order first.
      const ended = container.exitCode === null && container.signalCode === null && once(container, 'exit');
      removeNode(directory);
      await ended;
    },
  };
}

/** Arguments of systemd-nspawn(1); the repository and its modules are seen inside, read-only. */
function renderNspawn(directory: string, root: string, pod: Pod | null): string[] {
  const modules = path.join(REPOSITORY, 'node_modules');
  const realModules = realpathSync(modules);
  return [
    ...(pod === null ? ['--boot'] : pod.arguments),
    '--register=no',
    '--keep-unit',
    '--quiet',
    `--machine=${path.basename(directory)}`,
    pod?.beside ? `--network-namespace-path=${pod.beside.networkPath()}` : '--private-network',
    `--directory=${root}`,
    `--bind-ro=${REPOSITORY}:${CODE}`,
    ...(realModules === modules ? [] : [`--bind-ro=${realModules}:${realModules}`]),
    ...(pod?.program ?? []),
  ];
}

async function removeOnFailure<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    removeNode(directory);
    throw error;
  }
}

/** Pid 1 of the node, as this machine numbers it: nspawn's child, but not the one that only helps to start it. */
async function awaitLeader(container: number, directory: string): Promise<string> {
  for (let tries = 0; tries < 100; tries += 1) {
    const children = readFileSync(`/proc/${container}/task/${container}/children`, 'utf8').trim().split(' ');
    const leader = children.find((pid) => /^NSpid:.*\s1$/m.test(readProcFile(pid, 'status')));
    if (leader !== undefined) return leader;
    await sleep(100);
  }
  throw new Error(`the node did not start: ${readConsole(directory)}`);
}

async function awaitBoot(exec: (command: string) => Result, directory: string): Promise<void> {
  let state = '';
  for (let tries = 0; tries < 300; tries += 1) {
    state = exec('systemctl is-system-running').stdout.trim();
    if (state === 'running' || state === 'degraded') break;
    await sleep(200);
  }
  if (state !== 'running') {
    const failed = exec('systemctl --failed --no-legend --plain').stdout;
    throw new Error(`the node came up ${state || 'not at all'}: ${failed}${readConsole(directory)}`);
  }
}

function readConsole(directory: string): string {
  return readFileSync(path.join(directory, 'console'), 'utf8').slice(-2000);
}
