// Tries to get out of a unit's sandbox with native code, from inside of it, and prints what became of each try as JSON.
//
// It runs in place of the unit's own program, without Node's fence: escape.ts reader|agent AGENT_PID
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createConnection } from 'node:net';
import type koffiModule from 'koffi';

/** On a node koffi is the package's; nothing else is needed. */
const koffi = createRequire('/usr/lib/sunk-agent/cli.js')('koffi') as typeof koffiModule;
const libc = koffi.load('libc.so.6');

const open = libc.func('int open(const char *path, int flags, int mode)');
const close = libc.func('int close(int fd)');
const socket = libc.func('int socket(int domain, int type, int protocol)');
const connect = libc.func('int connect(int fd, const void *address, uint32_t length)');
const ptrace = libc.func('long ptrace(long request, int pid, long address, long data)');
const readMemory = libc.func(
  'intptr_t process_vm_readv(int pid, const void *local, ulong nl, const void *remote, ulong nr, ulong flags)',
);
const kill = libc.func('int kill(int pid, int signal)');
const setuid = libc.func('int setuid(uint32_t uid)');
const unshare = libc.func('int unshare(int flags)');
const setns = libc.func('int setns(int fd, int kind)');
const mount = libc.func(
  'int mount(const char *source, const char *target, const char *kind, ulong flags, const char *data)',
);
const spawnProgram = libc.func(
  'int posix_spawn(_Out_ int *pid, const char *path, const void *actions, const void *attributes, const char **argv, const char **envp)',
);
const waitpid = libc.func('int waitpid(int pid, _Out_ int *status, int options)');

const [O_RDONLY, O_WRONLY_CREAT] = [0, 0o101];
const [AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK] = [1, 2, 10, 16, 17, 40];
const [CLONE_NEWUSER, CLONE_NEWNET] = [0x10000000, 0x40000000];
const PTRACE_ATTACH = 16;

/** `done`, or the name of the error. */
type Outcome = string;
const outcomes: Record<string, Outcome> = {};

function errorName(): string {
  const number = koffi.errno();
  return Object.entries(koffi.os.errno).find(([, value]) => value === number)?.[0] ?? `error ${number}`;
}

/** A system call that answers less than 0 where it was refused. */
function attempt(name: string, call: () => unknown): void {
  const result = Number(call());
  outcomes[name] = result < 0 ? errorName() : 'done';
}

function attemptOpen(verb: 'read' | 'write', path: string): void {
  attempt(`${verb} ${path}`, () => {
    const fd = Number(open(path, verb === 'read' ? O_RDONLY : O_WRONLY_CREAT, 0o600));
    return fd < 0 ? fd : close(fd);
  });
}

function attemptSpawn(program: string): void {
  const pid = [0];
  const status = [0];
  // posix_spawn(3) answers the error itself.
  const error = Number(spawnProgram(pid, program, null, null, [program, '-c', 'exit 0', null], [null]));
  if (error === 0) waitpid(pid[0] ?? 0, status, 0);
  const refused = Object.entries(koffi.os.errno).find(([, value]) => value === error)?.[0];
  outcomes[`start ${program}`] = error === 0 ? 'done' : (refused ?? `error ${error}`);
  const { error: cause } = spawnSync(program, ['-c', 'exit 0']) as { error?: NodeJS.ErrnoException };
  outcomes[`start ${program} from Node`] = cause?.code ?? 'done';
}

function attemptConnect(name: string, domain: number, address: Buffer): void {
  attempt(name, () => {
    const fd = Number(socket(domain, 1, 0));
    if (fd < 0) return fd;
    const result = connect(fd, address, address.length);
    close(fd);
    return result;
  });
}

/** struct sockaddr_in: 127.0.0.1, where the store of the test listens. */
function loopback(port: number): Buffer {
  const address = Buffer.alloc(16);
  address.writeUInt16LE(AF_INET, 0);
  address.writeUInt16BE(port, 2);
  address.set([127, 0, 0, 1], 4);
  return address;
}

function attemptTracing(pid: number): void {
  attempt(`trace ${pid === 1 ? 'pid 1' : 'the other process'}`, () => ptrace(PTRACE_ATTACH, pid, 0, 0));
  // One struct iovec of 8 bytes at an address of no mapping: EFAULT would mean that only the address was wrong.
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(0x1000n, 0);
  vector.writeBigUInt64LE(8n, 8);
  attempt(`read the memory of ${pid === 1 ? 'pid 1' : 'the other process'}`, () =>
    readMemory(pid, vector, 1, vector, 1, 0),
  );
}

function attemptPower(): void {
  attempt('new user namespace', () => unshare(CLONE_NEWUSER));
  attempt('new network namespace', () => unshare(CLONE_NEWNET));
  attempt('mount', () => mount('none', '/mnt', 'tmpfs', 0, null));
  attempt('join the network of pid 1', () => {
    const fd = Number(open('/proc/1/ns/net', O_RDONLY, 0));
    return fd < 0 ? fd : setns(fd, CLONE_NEWNET);
  });
}

async function attemptNodeConnect(port: number): Promise<void> {
  const stream = createConnection(port, '127.0.0.1');
  outcomes['connect from Node'] = await Promise.race([
    once(stream, 'connect').then(() => 'done'),
    once(stream, 'error').then(([error]) => (error as NodeJS.ErrnoException).code ?? 'error'),
  ]).catch((error: NodeJS.ErrnoException) => error.code ?? 'error');
  stream.destroy();
}

const [, , who, other = '1', port = '8080'] = process.argv;
attemptTracing(1);
attemptTracing(Number(other));
attemptPower();
attemptConnect('connect', AF_INET, loopback(Number(port)));
await attemptNodeConnect(Number(port));
if (who === 'reader') {
  for (const file of [
    '/etc/shadow',
    '/etc/gshadow',
    '/etc/sudoers',
    '/etc/sunk-agent/credentials/scim-token',
    '/var/lib/sunk-agent/cache/mirror.sqlite',
    '/home/janitor/.ssh/authorized_keys',
    '/etc/passwd',
  ])
    attemptOpen('read', file);
  for (const directory of [
    '/etc',
    '/usr/lib/sunk-agent',
    '/run',
    '/run/sunk-agent',
    '/var/lib',
    '/tmp',
    '/var/tmp',
    '/dev/shm',
    '/dev/mqueue',
    '/home',
    process.env['CREDENTIALS_DIRECTORY'] ?? '/run/credentials',
  ])
    attemptOpen('write', `${directory}/escape`);
  for (const program of ['/bin/sh', '/usr/bin/env', '/usr/bin/sudo', '/usr/bin/sunk-agent'])
    attemptSpawn(program);
  attempt('signal the other process', () => kill(Number(other), 0));
  attempt('become root', () => setuid(0));
} else {
  for (const [name, domain] of Object.entries({ AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK }))
    attempt(`socket ${name}`, () => socket(domain, name === 'AF_NETLINK' || name === 'AF_PACKET' ? 3 : 1, 0));
  attempt('socket AF_UNIX', () => socket(AF_UNIX, 1, 0));
  // What it starts is held by the same line.
  const child = spawnSync('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}`]);
  outcomes['connect from a shell'] = child.status === 0 ? 'done' : 'refused';
  for (const directory of [
    '/usr/bin',
    '/etc/systemd/system',
    '/etc/cron.d',
    '/etc/pam.d',
    '/boot',
    '/var/spool',
    '/etc',
    '/home',
  ])
    attemptOpen('write', `${directory}/escape`);
  for (const file of ['/etc/sunk-agent/credentials/scim-token', '/root/.bashrc', '/etc/shadow'])
    attemptOpen('read', file);
}
process.stdout.write(`${JSON.stringify(outcomes)}\n`);
