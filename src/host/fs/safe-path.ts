// Whether a path can be trusted by sshd's own rule: it and every directory above belong to root and only root can write.
import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';

/**
 * The first reason for which sshd would refuse to run or read `file` (safe_path() in OpenSSH's misc.c), or null.
 * Debian's sshd forgives a writable group without other members; that is reported all the same.
 * @param owner the uid that must own everything; 0 on a real node.
 * @param top where the way up ends; `/` on a real node, for sshd looks at all of it.
 */
export async function findUnsafePath(file: string, owner = 0, top = '/'): Promise<string | null> {
  let place: string;
  try {
    place = await realpath(file);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause)) throw cause;
    return `${file} cannot be reached (${String(cause.code)})`;
  }
  const end = await realpath(top);
  for (let isFile = true; ; isFile = false) {
    const stats = await lstat(place);
    if (isFile && !stats.isFile()) return `${place} is not a regular file`;
    if (stats.uid !== owner) return `${place} belongs to uid ${stats.uid}, and must belong to uid ${owner}`;
    if ((stats.mode & 0o022) !== 0) {
      return `${place} may be written by group or others (mode ${(stats.mode & 0o7777).toString(8).padStart(4, '0')})`;
    }
    const above = path.dirname(place);
    if (place === end || above === place) return null;
    place = above;
  }
}
