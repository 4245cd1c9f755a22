// This machine's own sshd with an /etc, homes and key directory that no other process sees: a mount namespace, no container.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '../../../src/demo/free-port.ts';
import { sayUnless } from '../requirements.ts';
import { SSH_OPTIONS } from './ssh-options.ts';

const PROJECT = join(import.meta.dirname, '../../..');
const MODULES = realpathSync(join(PROJECT, 'node_modules'));

/** Private copies and empty directories over this machine's own; nothing mounted here is seen outside, or outlives it. */
const ON_THIS_MACHINE = `
cp -a /etc "$1/etc"
mkdir -p "$1/home" "$1/lib" "$1/libexec"
mount --bind "$1/etc" /etc
mount --bind "$1/home" /home
mount --bind "$1/lib" /var/lib
mount --bind "$1/libexec" /usr/libexec
`;

/** The same for another release: an overlay over its layers, with this project and its Node inside. */
const IN_A_BASE = `
mkdir -p "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=$base,upperdir=$1/upper,workdir=$1/work" none "$1/root"
for directory in /proc /dev "$2" "$3"; do
  mkdir -p "$1/root$directory"
  mount --rbind "$directory" "$1/root$directory"
done
# The one library that Node needs and a small Debian lacks.
cp -L "$(ldconfig -p | sed -n 's/.*libatomic.so.1 .*=> //p' | head -n 1)" "$1/root/usr/lib/"
`;

const SET_UP = `
mount -t tmpfs -o mode=0755 none /run
mkdir /run/sshd
rm -rf /etc/ssh
mkdir -p /etc/ssh/sshd_config.d /usr/libexec/sunk-agent /var/lib/sunk-agent/authorized_keys
install -m 0755 "$2/packaging/authorized-keys" /usr/libexec/sunk-agent/authorized-keys
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
printf 'sunk-users:x:9999:\\n' >>/etc/group
printf 'sunk-keys:x:990:65534::/nonexistent:/usr/sbin/nologin\\n' >>/etc/passwd
echo ready
exec sleep infinity
`;

function renderScript(base: string | null): string {
  const begin = 'set -e; mount --make-rprivate /; mount -t tmpfs -o mode=0755 none "$1"';
  if (base === null) return `${begin}\n${ON_THIS_MACHINE}${SET_UP}`;
  return `${begin}\nbase='${base}'\n${IN_A_BASE}exec chroot "$1/root" sh -ec '${SET_UP.replaceAll("'", `'\\''`)}' sh "$1" "$2"`;
}

export interface PrivateNode {
  readonly port: number;
  /** What to put in front of a command to run it inside. */
  readonly command: readonly string[];
  /** Runs a shell script inside; the answer is what it prints. */
  sh(script: string): string;
  /** Runs an expression of TypeScript inside, with the named exports of a module of src/; the answer comes as JSON. */
  evaluate(module: string, expression: string): unknown;
  /** Starts sshd, or starts it anew with the configuration as it is now. */
  startSshd(): Promise<void>;
  /** What sshd logged since it was started. */
  log(): string;
  /** `ssh NAME@node COMMAND` with a private key file; status 255 is a refused login. */
  login(name: string, keyFile: string): { status: number; output: string };
  close(): Promise<void>;
}

/**
 * Needs root, util-linux and an installed openssh-server.
 * @param base `lowerdir` of an overlay with another release (ensureLayers); null for this machine's own programs.
 */
export async function openPrivateNode(base: string | null = null): Promise<PrivateNode> {
  const directory = mkdtempSync(join(tmpdir(), 'private-node-'));
  const holder = spawn(
    'unshare',
    ['--mount', 'sh', '-c', renderScript(base), 'sh', directory, PROJECT, MODULES],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let said = '';
  for await (const chunk of holder.stdout) {
    said += String(chunk);
    if (said.includes('ready')) break;
  }
  const pid = String(holder.pid);
  const inside = ['--target', pid, '--mount', '--root', 'env', '-C', '/'];
  const enter = (...command: string[]): string[] => [...inside, ...command];
  const port = await findFreePort();
  let sshd: ChildProcess | null = null;
  let log = '';

  async function stopSshd(): Promise<void> {
    if (sshd === null || sshd.exitCode !== null) return;
    const ended = once(sshd, 'exit');
    sshd.kill('SIGTERM');
    await ended;
  }

  return {
    port,
    command: ['nsenter', ...inside],
    sh: (script) => execFileSync('nsenter', enter('sh', '-ec', script), { encoding: 'utf8' }),
    evaluate(module, expression) {
      const script = `import * as m from '${join(PROJECT, 'src', module)}'; const { ${expression.match(/^\w+/)?.[0] ?? ''} } = m;
        import { parseConfig } from '${join(PROJECT, 'src/config/config.ts')}';
        const config = (keys) => parseConfig('scim: { base_url: "https://store.example.com" }\\nkeys: { ' + keys + ' }', 'test');
        try { console.log(JSON.stringify({ value: await ${expression} })) }
        catch (error) { console.log(JSON.stringify({ error: error.message })) }`;
      const out = execFileSync(
        'nsenter',
        enter(process.execPath, '--input-type=module-typescript', '-e', script),
        { encoding: 'utf8' },
      );
      return JSON.parse(out) as unknown;
    },
    async startSshd() {
      await stopSshd();
      log = '';
      const child = spawn('nsenter', enter('/usr/sbin/sshd', '-D', '-e', '-p', String(port)), {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      sshd = child;
      const listening = new Promise<void>((resolve, reject) => {
        child.stderr.on('data', (chunk) => {
          log += String(chunk);
          if (log.includes('Server listening')) resolve();
        });
        child.once('exit', () => {
          reject(new Error(`sshd ended: ${log}`));
        });
      });
      await listening;
    },
    log: () => log,
    login(name, keyFile) {
      try {
        const args = sshArguments(port, name, keyFile, 'id -un');
        return {
          status: 0,
          output: execFileSync('ssh', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim(),
        };
      } catch (cause) {
        const { status, stderr } = cause as { status: number; stderr: string };
        return { status, output: stderr };
      }
    },
    async close() {
      await stopSshd();
      if (holder.exitCode === null) {
        const ended = once(holder, 'exit');
        holder.kill('SIGKILL');
        await ended;
      }
      rmSync(directory, { recursive: true });
    },
  };
}

/** What ssh(1) is told to log in with one key and nothing of this machine's own settings. */
export function sshArguments(port: number, name: string, keyFile: string, command: string): string[] {
  const target = ['-p', String(port), `${name}@127.0.0.1`, command];
  return [...SSH_OPTIONS, '-F', '/dev/null', '-i', keyFile, ...target];
}

/** Logs in `count` times, so many at once; the answer is how many failed. */
export async function logInMany(
  target: { port: number; name: string; keyFile: string },
  count: number,
  atOnce: number,
): Promise<number> {
  let left = count;
  let failed = 0;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const child = spawn('ssh', sshArguments(target.port, target.name, target.keyFile, 'true'), {
        stdio: 'ignore',
      });
      const [status] = (await once(child, 'exit')) as [number | null];
      if (status !== 0) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  return failed;
}

/** Whether one can be opened; elsewhere it says whose tests are skipped. @param file import.meta.filename. */
export function hasPrivateNode(file: string): boolean {
  const isRoot = process.getuid?.() === 0;
  const can = isRoot && readFileSync('/proc/self/status', 'utf8').includes('CapEff:\t000001ff');
  return sayUnless(can ? null : 'a private copy of this machine needs root with all capabilities', file);
}
