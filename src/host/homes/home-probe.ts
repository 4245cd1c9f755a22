// Probes a home directory with the permissions of its user; changes nothing in it.
import { lstat, stat } from 'node:fs/promises';
import path from 'node:path';

export type HomeProbe =
  | { readonly state: 'missing' }
  /** stat(2) of it or of a directory above fails. */
  | { readonly state: 'unreachable'; readonly why: string }
  | {
      readonly state: 'there';
      readonly isDirectory: boolean;
      readonly uid: number;
      /** Permission bits. */
      readonly mode: number;
      /** A directory above that the user may not search; null: none. */
      readonly closedAbove: string | null;
    };

/** A lost mount never answers; a busy machine answers sooner than this. */
const TIMEOUT_MS = 5000;

/** @param ids of the user whose home it is. */
export async function probeHome(
  root: string,
  dir: string,
  ids: { readonly uid: number; readonly gid: number },
): Promise<HomeProbe> {
  const late = new Promise<HomeProbe>((resolve) => {
    const why = `${dir} does not answer: is its file system still mounted?`;
    setTimeout(() => resolve({ state: 'unreachable', why }), TIMEOUT_MS).unref();
  });
  return Promise.race([examine(root, dir, ids), late]);
}

async function examine(root: string, dir: string, ids: { uid: number; gid: number }): Promise<HomeProbe> {
  try {
    const found = await stat(path.join(root, dir));
    return {
      state: 'there',
      isDirectory: found.isDirectory(),
      uid: found.uid,
      mode: found.mode & 0o7777,
      closedAbove: await findClosedDirectory(root, dir, ids),
    };
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (code === 'ENOENT') {
      const link = await lstat(path.join(root, dir)).catch(() => null);
      return link === null
        ? { state: 'missing' }
        : { state: 'unreachable', why: `${dir} is a link that leads nowhere` };
    }
    return { state: 'unreachable', why: `stat ${dir} fails (${code})` };
  }
}

/** Search permission on every directory above, by owner, primary group or others (path_resolution(7)). */
async function findClosedDirectory(
  root: string,
  dir: string,
  { uid, gid }: { uid: number; gid: number },
): Promise<string | null> {
  for (let above = path.dirname(dir); above !== '/' && above !== '.'; above = path.dirname(above)) {
    const found = await stat(path.join(root, above));
    const bit = found.uid === uid ? 0o100 : found.gid === gid ? 0o010 : 0o001;
    if ((found.mode & bit) === 0) return above;
  }
  return null;
}
