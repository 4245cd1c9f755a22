// Whether sshd would trust a path: root owns it and every directory above, and only root can write to them.
import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';

/**
 * The first reason for which sshd would refuse to run or read `file` (safe_path() in OpenSSH's misc.c), or null.
 * Debian's sshd accepts a writable group without other members; that is reported all the same.
 * @param owner the uid that must own everything; 0 on a real node.
 * @param top where the check ends; `/` on a real node, because sshd checks every directory.
 */
export async function findUnsafePath(
  file: string,
  owner = 0,
  top = '/',
  kind: 'file' | 'directory' = 'file',
): Promise<string | null> {
  let current: string;
  try {
    current = await realpath(file);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause;
    return `${file} cannot be reached (${String(cause.code)})`;
  }
  const end = await realpath(top);
  for (let isFile = true; ; isFile = false) {
    const stats = await lstat(current);
    if (isFile && kind === 'file' && !stats.isFile()) return `${current} is not a regular file`;
    if (isFile && kind === 'directory' && !stats.isDirectory()) return `${current} is not a directory`;
    if (stats.uid !== owner) return `${current} belongs to uid ${stats.uid}, and must belong to uid ${owner}`;
    if ((stats.mode & 0o022) !== 0) {
      return `${current} may be written by group or others (mode ${(stats.mode & 0o7777).toString(8).padStart(4, '0')})`;
    }
    const above = path.dirname(current);
    if (current === end || above === current) return null;
    current = above;
  }
}
