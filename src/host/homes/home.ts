// Creates a missing home from /etc/skel; never changes what another user may have put there.
import {
  chownSync,
  chmodSync,
  cpSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { AgentError } from '../../common/errors.ts';
import { syncToDisk } from '../fs/durable.ts';
import { toHostWrite } from '../../common/system-error.ts';

export interface NewHome {
  /** As passwd(5) has it, without the root. */
  readonly dir: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Fills a temporary sibling that only root can reach, and renames it into place. rename(2) onto an existing directory
 * fails unless that is empty, so a home that appears meanwhile is not lost. Without root the caller owns everything.
 * @throws AgentError host_write, refused
 */
export function createHome(root: string, { dir, uid, gid }: NewHome): void {
  const home = path.join(root, dir);
  const parent = path.dirname(home);
  const temporary = path.join(parent, `.sunk-agent-home-${path.basename(home)}`);
  try {
    const found = lstatSync(home, { throwIfNoEntry: false });
    if (found !== undefined) {
      if (found.isDirectory() && (found.uid === uid || process.geteuid?.() !== 0)) return;
      throw new AgentError('refused', `${dir} exists and belongs to uid ${found.uid}, not to uid ${uid}`, {
        hint: 'it is not touched: chown it, or move it away',
      });
    }
    if (!existsSync(parent)) {
      throw new AgentError('host_write', `${path.dirname(dir)}, where ${dir} should be, is not there`, {
        hint: 'is it mounted? it is tried again',
      });
    }
    if (!isFinished(temporary, uid)) fill(temporary, root, uid, gid);
    renameSync(temporary, home);
    syncToDisk(parent);
  } catch (cause) {
    if (!(cause instanceof AgentError)) removeUnfinished(temporary);
    throw toHostWrite(`cannot make ${dir}`, cause);
  }
}

/** What a kill left: its owner is set last, so if the user owns it, only the rename is missing. */
function isFinished(temporary: string, uid: number): boolean {
  const found = lstatSync(temporary, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (process.geteuid?.() === 0 && found.isDirectory() && found.uid === uid && uid !== 0) return true;
  removeUnfinished(temporary);
  return false;
}

/** Only where no user but root can have reached into it. */
function removeUnfinished(temporary: string): void {
  try {
    const found = lstatSync(temporary, { throwIfNoEntry: false });
    if (found?.isDirectory() === true && found.uid === process.geteuid?.()) {
      rmSync(temporary, { recursive: true, force: true });
    }
  } catch {
    // The disk that refused the home refuses this as well; the next attempt starts with it.
  }
}

function fill(temporary: string, root: string, uid: number, gid: number): void {
  mkdirSync(temporary, { mode: 0o700 });
  const skeleton = path.join(root, 'etc/skel');
  if (existsSync(skeleton)) cpSync(skeleton, temporary, { recursive: true, verbatimSymlinks: true });
  chmodSync(temporary, 0o700);
  if (process.geteuid?.() === 0) chownTree(temporary, uid, gid);
}

/** From the leaves to the directory, so that the user can reach nothing before they own all of it. */
function chownTree(directory: string, uid: number, gid: number): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) chownTree(file, uid, gid);
    else lchownSync(file, uid, gid);
  }
  chownSync(directory, uid, gid);
}

/** Which of these homes exist; one whose lstat(2) fails counts as existing, since it must not be created. */
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
