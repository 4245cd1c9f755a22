// The system of the image: files of a few Debian packages, unpacked and never configured, so that any architecture can be made.
import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Architecture } from '../deb/architecture.ts';

const SUITE = 'bookworm';

/** What runs: Node and its libraries, sh and coreutils, ssh-keygen to sign, visudo to check rules, perl to end processes. */
const PACKAGES = [
  'base-files',
  'coreutils',
  'dash',
  'findutils',
  'grep',
  'libatomic1',
  'libc-bin',
  'libstdc++6',
  'openssh-client',
  'perl-base',
  'sed',
  'sudo',
  'tar',
  'util-linux',
];

/** Neither run nor read by anything of the image. */
const UNUSED = [
  'boot',
  'usr/bin/apt*',
  'usr/lib/apt',
  'usr/lib/*/gconv',
  'usr/lib/*/perl',
  'usr/share/bash-completion',
  'usr/share/doc',
  'usr/share/i18n',
  'usr/share/info',
  'usr/share/lintian',
  'usr/share/locale',
  'usr/share/man',
  'usr/share/perl',
  'usr/share/polkit-1',
  'var/cache/*',
  'var/lib/apt',
  'var/log/*',
];

/** The reader's uid in the image and in the chart's pods; below those that the store gives. */
export const READER_UID = 9810;
const KEYS_UID = 9811;
/** Of the group that may use the Slurm worker's socket; the worker's uid is a value of the chart. */
export const SLURM_GID = 9812;

const ETC: Readonly<Record<string, string>> = {
  passwd: `root:x:0:0:root:/root:/bin/sh
sunk-reader:x:${READER_UID}:${READER_UID}::/nonexistent:/usr/sbin/nologin
sunk-keys:x:${KEYS_UID}:${KEYS_UID}::/nonexistent:/usr/sbin/nologin
sunk-slurm:x:${SLURM_GID}:${SLURM_GID}::/nonexistent:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`,
  group: `root:x:0:
shadow:x:42:
sunk-reader:x:${READER_UID}:
sunk-keys:x:${KEYS_UID}:
sunk-slurm:x:${SLURM_GID}:
nogroup:x:65534:
`,
  shadow:
    'root:*:20000:0:99999:7:::\nsunk-reader:!:20000::::::\nsunk-keys:!:20000::::::\nsunk-slurm:!:20000::::::\nnobody:*:20000:0:99999:7:::\n',
  gshadow: 'root:*::\nshadow:*::\nsunk-reader:!::\nsunk-keys:!::\nsunk-slurm:!::\nnogroup:*::\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nshadow: files\n',
  'login.defs': 'UID_MIN 1000\nUID_MAX 9999\nGID_MIN 1000\nGID_MAX 9999\n',
  shells: '/bin/sh\n/bin/bash\n/bin/dash\n/usr/bin/bash\n/usr/sbin/nologin\n',
  // Of the pod: nothing is granted in here.
  sudoers: 'Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n',
};

export interface SystemPackage {
  readonly name: string;
  readonly version: string;
}

/**
 * Unpacks them into `directory`.
 * @returns what was unpacked, sorted.
 */
export function layRootfs(directory: string, { debian }: Architecture): SystemPackage[] {
  const list = `${directory}.packages`;
  const merge = 'for d in bin sbin lib lib64; do mkdir -p "$1/usr/$d"; ln -s "usr/$d" "$1/$d"; done';
  const note = `for d in "$1"/var/cache/apt/archives/*.deb; do dpkg-deb -W --showformat='\${Package} \${Version}\\n' "$d"; done >'${list}'`;
  execFileSync(
    'mmdebstrap',
    [
      '--quiet',
      '--variant=extract',
      `--architectures=${debian}`,
      `--include=${PACKAGES.join()}`,
      `--setup-hook=${merge}`,
      `--extract-hook=${note}`,
      SUITE,
      directory,
      `deb ${findSite()} ${SUITE} main`,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, LC_ALL: 'C' } },
  );
  const packages = readFileSync(list, 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', version = ''] = line.split(' ');
      return { name, version };
    });
  rmSync(list);
  for (const pattern of UNUSED) removeMatching(directory, pattern.split('/'));
  dropPrivileges(directory);
  for (const [name, text] of Object.entries(ETC)) writeFileSync(path.join(directory, 'etc', name), text);
  for (const name of ['shadow', 'gshadow']) chmodSync(path.join(directory, 'etc', name), 0o600);
  chmodSync(path.join(directory, 'etc/sudoers'), 0o440);
  layPackageList(directory, packages, debian);
  return packages.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function removeMatching(directory: string, [first = '', ...rest]: readonly string[]): void {
  if (lstatSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  const pattern = new RegExp(`^${first.replaceAll('.', String.raw`\.`).replaceAll('*', '.*')}$`);
  for (const name of readdirSync(directory).filter((one) => pattern.test(one))) {
    const found = path.join(directory, name);
    if (rest.length > 0) removeMatching(found, rest);
    else rmSync(found, { recursive: true, force: true });
  }
}

/** No program of the image has rights that its caller has not. */
function dropPrivileges(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) dropPrivileges(file);
    else if (entry.isFile() && (lstatSync(file).mode & 0o6000) !== 0) chmodSync(file, 0o755);
  }
}

/** For scanners of images, which read dpkg's list. */
function layPackageList(directory: string, packages: readonly SystemPackage[], architecture: string): void {
  mkdirSync(path.join(directory, 'var/lib/dpkg'), { recursive: true });
  const entries = packages.map(
    ({ name, version }) =>
      `Package: ${name}\nStatus: install ok unpacked\nMaintainer: Debian\nArchitecture: ${architecture}\nVersion: ${version}\nDescription: files of the image\n`,
  );
  writeFileSync(path.join(directory, 'var/lib/dpkg/status'), entries.sort().join('\n'));
}

/** Where this machine's own apt gets Debian, so that no host is written down here. */
function findSite(): string {
  const said = execFileSync('apt-get', ['indextargets', '--format', '$(SITE)', 'Created-By: Packages'], {
    encoding: 'utf8',
  });
  const site = said.split('\n').find((one) => /\/debian\/?$/.test(one));
  if (site === undefined) throw new Error('apt knows no source of Debian packages');
  return site;
}
