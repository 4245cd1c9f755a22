// Which uid a process without rights of its own runs as.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from '../../common/log.ts';
import { attempt } from '../../common/system-error.ts';

/** Made by sysusers.d/sunk-agent.conf. */
export const READER_USER = 'sunk-reader';

export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/** Users that were looked for in vain, so that it is logged once. */
const missed = new Set<string>();

/** The reader's user on this node; null where the caller is not root, or where there is none (which is logged). */
export function findReaderUser(root: string, log: Logger): SystemUser | null {
  return findSystemUser(READER_USER, root, log);
}

/** The same for any user that sysusers.d/sunk-agent.conf makes. */
export function findSystemUser(name: string, root: string, log: Logger): SystemUser | null {
  if (process.geteuid?.() !== 0) return null;
  // Ids count in the running kernel, so the user must be one of the real system, whatever the root is.
  const passwd = root === '/' ? path.join(root, 'etc/passwd') : '/etc/passwd';
  const line = attempt(`cannot read ${passwd}`, () => readFileSync(passwd, 'utf8'))
    .split('\n')
    .find((text) => text.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  if (missed.has(name)) return null;
  missed.add(name);
  log.warn(
    `there is no user ${name}: its process runs as root (systemd-sysusers makes it from sysusers.d/sunk-agent.conf)`,
  );
  return null;
}
