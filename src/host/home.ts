// Makes a home from /etc/skel, where there was none: never by changing what somebody else may have put there.
import {
  chownSync,
  chmodSync,
  cpSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';

export interface NewHome {
  /** As passwd(5) has it, without the root. */
  readonly dir: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Fills a temporary sibling, which only root can reach, and renames it into place; rename(2) onto an existing folder
 * fails unless that is empty, so a home that appears meanwhile is not lost. Without root everything stays the caller's.
 * @throws Error with a sentence for the operator.
 */
export function createHome(root: string, { dir, uid, gid }: NewHome): void {
  const home = path.join(root, dir);
  const parent = path.dirname(home);
  const found = lstatSync(home, { throwIfNoEntry: false });
  if (found !== undefined) {
    if (found.isDirectory() && (found.uid === uid || process.geteuid?.() !== 0)) return;
    throw new Error(`${dir} exists and belongs to uid ${found.uid}, not to uid ${uid}: it is not touched`);
  }
  if (!existsSync(parent))
    throw new Error(`${path.dirname(dir)}, where ${dir} should be, is not there: is it mounted?`);
  const temporary = mkdtempSync(path.join(parent, '.sunk-agent-home-'));
  try {
    const skeleton = path.join(root, 'etc/skel');
    if (existsSync(skeleton)) cpSync(skeleton, temporary, { recursive: true, verbatimSymlinks: true });
    chmodSync(temporary, 0o700);
    if (process.geteuid?.() === 0) giveAway(temporary, uid, gid);
    renameSync(temporary, home);
  } catch (cause) {
    rmSync(temporary, { recursive: true, force: true });
    throw new Error(`cannot make ${dir}: ${explain(cause)}`, { cause });
  }
}

/** From the leaves to the folder, so that the owner can reach nothing before all of it is theirs. */
function giveAway(folder: string, uid: number, gid: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) giveAway(file, uid, gid);
    else lchownSync(file, uid, gid);
  }
  chownSync(folder, uid, gid);
}

function explain(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'the disk is full';
  if (code === 'EACCES' || code === 'EPERM')
    return 'root may not write there (an NFS export with root_squash?)';
  if (code === 'EROFS') return 'the file system is read-only';
  return cause instanceof Error ? cause.message : String(cause);
}

/** Which of these homes exist; a folder that cannot be looked at counts as there, since it must not be made anew. */
export function findHomes(root: string, dirs: Iterable<string>): Set<string> {
  const found = new Set<string>();
  for (const dir of dirs) {
    try {
      if (lstatSync(path.join(root, dir), { throwIfNoEntry: false }) !== undefined) found.add(dir);
    } catch {
      found.add(dir);
    }
  }
  return found;
}
