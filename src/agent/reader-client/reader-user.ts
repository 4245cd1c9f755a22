// Which uid the reader runs as.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from '../../common/log.ts';
import { attempt } from '../../common/system-error.ts';

/** Made by sysusers.d/sunk-agent.conf. */
export const READER_USER = 'sunk-reader';

export interface ReaderUser {
  readonly uid: number;
  readonly gid: number;
}

/** The reader's user on this node; null where the caller is not root, or where there is none (which is logged). */
export function findReaderUser(root: string, log: Logger): ReaderUser | null {
  if (process.geteuid?.() !== 0) return null;
  // Ids count in the running kernel, so the user must be one of the real system, whatever the root is.
  const passwd = root === '/' ? path.join(root, 'etc/passwd') : '/etc/passwd';
  const line = attempt(`cannot read ${passwd}`, () => readFileSync(passwd, 'utf8'))
    .split('\n')
    .find((text) => text.startsWith(`${READER_USER}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  log.warn(
    `there is no user ${READER_USER}: the reader runs as root (systemd-sysusers makes it from sysusers.d/sunk-agent.conf)`,
  );
  return null;
}
