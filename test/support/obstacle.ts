// Whether this machine can boot nodes, and if not, why.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** null: it can. */
export function findObstacle(): string | null {
  if (process.platform !== 'linux') return 'nodes need Linux';
  if (process.geteuid?.() !== 0) return 'nodes need root';
  if (!existsSync('/etc/debian_version')) return 'nodes need Debian or Ubuntu';
  for (const program of ['debootstrap', 'systemd-nspawn', 'nsenter', 'ssh', 'ssh-keygen']) {
    if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
      return `nodes need ${program}, which is not installed`;
  }
  return null;
}
