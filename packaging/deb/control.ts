// DEBIAN/: the control files of the package.
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Architecture } from './architecture.ts';

/** The SQLite addon asks for the youngest libraries; Debian 12 and Ubuntu 22.04 have them. */
const DEPENDS = [
  'libc6 (>= 2.34)',
  'libstdc++6 (>= 11)',
  'libgcc-s1 (>= 4.2)',
  'libatomic1 (>= 4.8)',
  'init-system-helpers (>= 1.54~)',
  'passwd',
];

/** Writes DEBIAN/ into the tree of `directory`. */
export function writeControl(directory: string, { debian }: Architecture, version: string): void {
  const files = listFiles(directory, '');
  const kibibytes = files.reduce(
    (sum, file) => sum + Math.ceil(lstatSync(path.join(directory, file)).size / 1024),
    0,
  );
  const control = path.join(directory, 'DEBIAN');
  mkdirSync(control);
  writeFileSync(
    path.join(control, 'control'),
    `Package: sunk-agent
Version: ${version}
Architecture: ${debian}
Maintainer: sunk-agent maintainers <sunk-agent@localhost.invalid>
Installed-Size: ${kibibytes}
Depends: ${DEPENDS.join(', ')}
Recommends: openssh-server, sudo
Suggests: libnss-cache, libpam-systemd
Section: admin
Priority: optional
Description: keep a SUNK login node in agreement with the user store
 Reads users, groups and SSH keys from an organisation's SCIM user store and
 maintains them on a login node (Slurm on Kubernetes): accounts, group
 memberships, sudo, home directories, and the keys that sshd accepts.
 .
 Logins use local files alone and work while store, network or agent are
 down. Node.js is included; nothing is fetched at installation.
`,
  );
  writeFileSync(
    path.join(control, 'conffiles'),
    files
      .filter((file) => file.startsWith('etc/'))
      .map((file) => `/${file}\n`)
      .join(''),
  );
  writeFileSync(
    path.join(control, 'md5sums'),
    files
      .filter((file) => !file.startsWith('etc/'))
      .map((file) => `${md5(path.join(directory, file))}  ${file}\n`)
      .join(''),
  );
  for (const script of ['postinst', 'prerm', 'postrm']) {
    writeFileSync(path.join(control, script), readFileSync(path.join(import.meta.dirname, script)));
  }
  for (const name of readdirSync(control))
    chmodSync(path.join(control, name), name.startsWith('p') ? 0o755 : 0o644);
  chmodSync(control, 0o755);
}

/** Sorted paths of all files, relative to `directory`. */
export function listFiles(directory: string, below: string): string[] {
  return readdirSync(path.join(directory, below), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const file = path.posix.join(below, entry.name);
      return entry.isDirectory() ? listFiles(directory, file) : [file];
    });
}

function md5(file: string): string {
  return createHash('md5').update(readFileSync(file)).digest('hex');
}
