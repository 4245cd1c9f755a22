// Whether sshd runs with an older configuration than the files have: it reads them when it starts, and at SIGHUP.
import { changedAt } from '../fs/file-stamp.ts';
import { readText } from '../fs/read-text.ts';
import type { SshdFiles } from './config-files.ts';
import type { SshdSettings } from './sshd-findings.ts';

/**
 * What was changed after sshd had read it, since it writes its pid file anew each time. A process for each connection has no
 * pid file, and reads the files as they are.
 * @returns the path; null: nothing, or it cannot be told.
 */
export async function findUnreadConfig(
  { files, directories }: Pick<SshdFiles, 'files' | 'directories'>,
  settings: SshdSettings,
): Promise<string | null> {
  const pidFile = settings.get('pidfile')?.[0] ?? '/run/sshd.pid';
  const pid = (await readText(pidFile))?.trim() ?? '';
  if (!/^\d+$/.test(pid) || (await readText(`/proc/${pid}/comm`))?.trim() !== 'sshd') return null;
  // Written anew each time that sshd has read its configuration.
  const readAt = changedAt(pidFile);
  return [...files, ...directories].find((one) => changedAt(one) > readAt) ?? null;
}
