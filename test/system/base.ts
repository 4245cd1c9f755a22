// Debian root folders to boot nodes from: built once with debootstrap, kept in a cache, never changed afterwards.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Debian 11, 12 and 13: OpenSSH 8.4, 9.2 and 10.0. */
export const RELEASES = ['bullseye', 'bookworm', 'trixie'] as const;
export type Release = (typeof RELEASES)[number];

const PACKAGES = [
  'dbus',
  'iproute2',
  // Node's binaries are linked against it.
  'libatomic1',
  'libpam-systemd',
  'openssh-server',
  'sudo',
  'systemd',
  'systemd-sysv',
];

export const CACHE = process.env['SUNK_NODE_CACHE'] ?? '/var/cache/sunk-agent-nodes';

/** The base of a release; the first call builds it, which takes a minute. */
export function ensureBase(release: Release): string {
  const recipe = createHash('sha256').update(PACKAGES.join()).digest('hex').slice(0, 8);
  const base = path.join(CACHE, `${release}-${recipe}`);
  if (existsSync(base)) return base;
  mkdirSync(CACHE, { recursive: true });
  const building = `${base}.building-${process.pid}`;
  process.stderr.write(`building ${base}; this takes a minute, once\n`);
  const include = `--include=${PACKAGES.join()}`;
  const { status, stdout } = spawnSync(
    'debootstrap',
    ['--variant=minbase', include, release, building, mirror()],
    {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  if (status !== 0) {
    rmSync(building, { recursive: true, force: true });
    throw new Error(`debootstrap ${release} failed: ${stdout.split('\n').slice(-5).join(' ')}`);
  }
  prepare(building);
  renameSync(building, base);
  return base;
}

/** What every node has in common, so that tests need not wait for it or stumble over it. */
function prepare(root: string): void {
  const sshd = 'MaxStartups 200\nUseDNS no\nUsePAM yes\n';
  writeFileSync(path.join(root, 'etc/ssh/sshd_config.d/90-test.conf'), sshd);
  const isNew = spawnSync('chroot', [root, 'sshd', '-T', '-o', 'PerSourcePenalties=no']).status === 0;
  if (isNew)
    writeFileSync(path.join(root, 'etc/ssh/sshd_config.d/90-test.conf'), `${sshd}PerSourcePenalties no\n`);
  rmSync(path.join(root, 'etc/machine-id'), { force: true });
}

/** The mirror that this machine's own apt uses, so that none is written down here. */
function mirror(): string {
  const { stdout } = spawnSync('apt-get', ['indextargets', '--format', '$(SITE)', 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const sites = stdout.split('\n').filter((site) => /\/debian\/?$/.test(site));
  const [site] = sites;
  if (site === undefined) throw new Error('apt knows no Debian mirror: add one to its sources');
  return site;
}
