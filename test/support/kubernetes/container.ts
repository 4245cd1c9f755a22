// A container of a rendered pod, as the kubelet would run it: command, user, capabilities, read-only root, mounts.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually } from '../eventually.ts';
import { readProcFile } from '../nodes/node-remains.ts';
import { type Result, run } from '../nodes/run.ts';

/** Of `spec.containers[]` of a pod; what the chart sets, and no more. */
export interface ContainerSpec {
  readonly name: string;
  readonly command: readonly string[];
  readonly securityContext: {
    readonly runAsUser: number;
    readonly runAsGroup: number;
    readonly readOnlyRootFilesystem: boolean;
    readonly allowPrivilegeEscalation: boolean;
    readonly capabilities: { readonly drop: readonly string[]; readonly add?: readonly string[] };
  };
  readonly volumeMounts: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly subPath?: string;
    readonly readOnly?: boolean;
  }[];
  readonly livenessProbe?: { readonly exec: { readonly command: readonly string[] } };
}

export interface Container {
  exec(command: string): Result;
  /** What it has printed. */
  log(): string;
  /** At once, as a node that fails does. */
  kill(): Promise<void>;
}

/** What systemd-nspawn(1) leaves to a container, less what the spec adds. */
const CAPABILITIES =
  'AUDIT_CONTROL AUDIT_WRITE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_OWNER KILL LEASE LINUX_IMMUTABLE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_NICE SYS_PTRACE SYS_RESOURCE SYS_TTY_CONFIG';

/**
 * @param rootfs the unpacked image.
 * @param volumes a directory of this machine for each volume of the pod.
 * @param network a network namespace, as a path.
 * @param log its output goes there.
 * @param environment what the kubelet sets.
 */
export async function startContainer(
  spec: ContainerSpec,
  rootfs: string,
  volumes: Readonly<Record<string, string>>,
  network: string,
  log: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<Container> {
  const { securityContext: security, volumeMounts } = spec;
  if (!security.readOnlyRootFilesystem || !security.capabilities.drop.includes('ALL'))
    throw new Error('the test runs what the chart renders, and that drops all');
  const { runAsUser: uid, runAsGroup: gid } = security;
  // A runtime changes the user and drops the rest then; nspawn's own --user wants to make a home.
  const asUser =
    uid === 0
      ? []
      : [
          'setpriv',
          `--reuid=${uid}`,
          `--regid=${gid}`,
          '--clear-groups',
          '--no-new-privs',
          '--inh-caps=-all',
          '--bounding-set=-all',
        ];
  const added = new Set([
    ...(security.capabilities.add ?? []),
    ...(uid === 0 ? [] : ['SETUID', 'SETGID', 'SETPCAP']),
  ]);
  const dropped = CAPABILITIES.split(' ').filter((name) => !added.has(name));
  const mounts = volumeMounts.map(({ name, mountPath, subPath, readOnly = false }) => {
    const volume = volumes[name];
    if (volume === undefined) throw new Error(`the pod has no volume ${name}`);
    const from = subPath === undefined ? volume : path.join(volume, subPath);
    // The kubelet makes a missing directory of a subPath.
    if (path.extname(from) === '') mkdirSync(from, { recursive: true });
    // A runtime makes what is missing of the way there before the root is read-only, and nspawn after it.
    if (subPath === undefined) mkdirSync(path.join(rootfs, mountPath), { recursive: true });
    return `--bind${readOnly ? '-ro' : ''}=${from}:${mountPath}`;
  });
  writeFileSync(log, '');
  const child = spawn(
    'sh',
    [
      '-c',
      'exec systemd-nspawn "$@" >>"$LOG" 2>&1',
      'sh',
      '--quiet',
      '--register=no',
      '--keep-unit',
      '--read-only',
      `--directory=${rootfs}`,
      `--network-namespace-path=${network}`,
      `--drop-capability=${dropped.map((name) => `CAP_${name}`).join()}`,
      `--no-new-privileges=${security.allowPrivilegeEscalation ? 'no' : 'yes'}`,
      '--timezone=off',
      '--resolv-conf=off',
      ...Object.entries(environment).map(([name, value]) => `--setenv=${name}=${value}`),
      ...mounts,
      ...asUser,
      ...spec.command,
    ],
    { stdio: 'ignore', env: { ...process.env, LOG: log } },
  );
  const leader = await findLeader(child, log);
  return {
    exec: (command) => run('nsenter', ['-t', leader, '-a', 'sh', '-c', command]),
    log: () => readFileSync(log, 'utf8'),
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      process.kill(Number(leader), 'SIGKILL');
      await ended;
    },
  };
}

/** Pid 1 of the container, as this machine numbers it. */
async function findLeader(child: ChildProcess, log: string): Promise<string> {
  let leader: string | undefined;
  await eventually(
    'the container starts',
    () => {
      const { pid = 0 } = child;
      const children = readProcFile(pid, 'status') === '' ? [] : listChildren(pid);
      leader = children.find((one) => /^NSpid:.*\s1$/m.test(readProcFile(one, 'status')));
      return leader !== undefined || child.exitCode !== null;
    },
    () => readFileSync(log, 'utf8'),
  );
  if (leader === undefined) throw new Error(`the container ended: ${readFileSync(log, 'utf8')}`);
  return leader;
}

function listChildren(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  } catch {
    return [];
  }
}
