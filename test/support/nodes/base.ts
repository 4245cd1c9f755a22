// Debian root directories to start nodes from: built once with debootstrap, kept, never changed afterwards.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { mountOverlay } from './overlay.ts';
import { mustRun } from './run.ts';

/** Debian 12 with the OpenSSH 8.4 of Debian 11 (Ubuntu 22.04 has 8.9, which reads expiry times like it), 12 and 13. */
export const RELEASES = ['bookworm-old-sshd', 'bookworm', 'trixie'] as const;
export type Release = (typeof RELEASES)[number];
/** Where only single programs run, Debian 11 as a whole. */
export type Suite = 'bullseye' | Release;

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

/** apt may be slow. */
const BUILD_MS = 1_200_000;

export const BASES = process.env['SUNK_NODE_CACHE'] ?? '/var/cache/sunk-agent-nodes';

/** The base of a release; the first call builds it, which takes a minute. */
export function ensureBase(release: Suite): string {
  const recipe = release === 'bookworm-old-sshd' ? [...PACKAGES, ...OLD_SSHD] : PACKAGES;
  const base = path.join(BASES, `${release}-${digest(recipe.join())}`);
  if (existsSync(base)) return base;
  mkdirSync(BASES, { recursive: true });
  const building = `${base}.building-${process.pid}`;
  process.stderr.write(`building ${base}; this takes a minute, once\n`);
  if (release === 'bookworm-old-sshd') buildOldSshd(building);
  else buildDebian(release, building);
  prepare(building);
  // Another process may have been quicker.
  if (existsSync(base)) rmSync(building, { recursive: true });
  else renameSync(building, base);
  return base;
}

/** What the system's own Node is linked against, and what npm needs to reach a registry. */
const BARE_PACKAGES = ['ca-certificates', 'libstdc++6'];

/** Debian 12 as it is before anything was installed, but for what Node and npm themselves need. */
export function ensureBareBase(): string {
  const base = path.join(BASES, `bare-${digest(BARE_PACKAGES.join())}`);
  if (existsSync(base)) return base;
  mkdirSync(BASES, { recursive: true });
  const building = `${base}.building-${process.pid}`;
  process.stderr.write(`building ${base}; this takes a moment, once\n`);
  buildDebian('bookworm', building, BARE_PACKAGES);
  if (existsSync(base)) rmSync(building, { recursive: true });
  else renameSync(building, base);
  return base;
}

function buildDebian(release: Suite, building: string, packages: readonly string[] = PACKAGES): void {
  const include = `--include=${packages.join()}`;
  const { status, stdout } = spawnSync(
    'debootstrap',
    ['--variant=minbase', include, release, building, findSite()],
    {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  if (status !== 0) {
    rmSync(building, { recursive: true, force: true });
    throw new Error(`debootstrap ${release} failed: ${stdout.split('\n').slice(-5).join(' ')}`);
  }
}

/** Of Debian 11: apt goes back to an older version only where it is told so package by package. */
const OLD_SSHD = ['openssh-server', 'openssh-client', 'openssh-sftp-server'].map(
  (name) => `${name}/bullseye`,
);

/** The package does not install on Debian 11, whose C library is too old; its sshd does on Debian 12. */
function buildOldSshd(building: string): void {
  try {
    mustRun('cp', ['-a', ensureBase('bookworm'), building], BUILD_MS);
    copyFileSync('/etc/resolv.conf', path.join(building, 'etc/resolv.conf'));
    const list = path.join(building, 'etc/apt/sources.list.d/bullseye.list');
    writeFileSync(list, `deb ${findSite()} bullseye main\n`);
    const install = `export DEBIAN_FRONTEND=noninteractive; apt-get update -qq
      apt-get install -qq -y --no-install-recommends --allow-downgrades ${OLD_SSHD.join(' ')}
      dpkg-query -W -f '\${Version}' openssh-server | grep -q '^1:8\\.4p1'
      apt-get clean; rm /etc/apt/sources.list.d/bullseye.list; rm -rf /var/lib/apt/lists/*`;
    writeFileSync(path.join(building, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    mustRun('chroot', [building, 'sh', '-ec', install], BUILD_MS);
    rmSync(path.join(building, 'usr/sbin/policy-rc.d'));
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    throw error;
  }
}

/**
 * The same with more of Debian's packages, as the `lowerdir` of an overlay: what they add lies in a layer of its own
 * over the base, kept under its own hash.
 */
export function ensureLayers(release: Release, packages: readonly string[]): string {
  const base = ensureBase(release);
  if (packages.length === 0) return base;
  const layer = `${base}-${digest([...packages].sort().join())}`;
  if (!existsSync(layer)) buildLayer(base, layer, packages);
  return `${layer}:${base}`;
}

function buildLayer(base: string, layer: string, packages: readonly string[]): void {
  const directory = `${layer}.building-${process.pid}`;
  process.stderr.write(`building ${layer}; this takes a moment, once\n`);
  try {
    const { upper, root } = mountOverlay(directory, base);
    try {
      copyFileSync('/etc/resolv.conf', path.join(root, 'etc/resolv.conf'));
      // A package that starts a service at install must not.
      writeFileSync(path.join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
      mustRun(
        'chroot',
        [
          root,
          'sh',
          '-ec',
          `export DEBIAN_FRONTEND=noninteractive; apt-get update -qq
        apt-get install -qq -y --no-install-recommends ${packages.join(' ')}; apt-get clean; rm /usr/sbin/policy-rc.d`,
        ],
        BUILD_MS,
      );
    } finally {
      spawnSync('umount', [root]);
    }
    if (!existsSync(layer)) renameSync(upper, layer);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function digest(recipe: string): string {
  return createHash('sha256').update(recipe).digest('hex').slice(0, 8);
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

/** The Debian mirror that this machine's own apt uses, so that none is written down here. */
function findSite(): string {
  const { stdout } = spawnSync('apt-get', ['indextargets', '--format', '$(SITE)', 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const sites = stdout.split('\n').filter((site) => /\/debian\/?$/.test(site));
  const [site] = sites;
  if (site === undefined) throw new Error('apt knows no Debian mirror: add one to its sources');
  return site;
}
