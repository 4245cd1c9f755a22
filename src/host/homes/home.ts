// Creates a missing home from /etc/skel, by descriptors; never changes what another user may have put there.
import { randomBytes } from 'node:crypto';
import { existsSync, fsyncSync, lstatSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { AgentError } from '../../common/errors.ts';
import { toHostWrite } from '../../common/system-error.ts';
import { withOpen } from '../fs/durable.ts';
import { readLock } from '../fs/replaceable.ts';
import { entryOf, withTrustedDirectory } from '../fs/trusted-directory.ts';
import { copySkeleton, giveAway, type Owner, withNewDirectory } from './copy-skeleton.ts';

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
  try {
    withTrustedDirectory(root, path.dirname(dir), ({ fd, hazard }) => {
      if (hazard !== null) {
        throw new AgentError('refused', `${dir} is not created: ${hazard}`, {
          hint: 'let root alone write to every directory above it (chown root, chmod go-w), or set the sticky bit (chmod +t)',
        });
      }
      if (fd === null) {
        throw new AgentError('host_write', `${path.dirname(dir)}, where ${dir} should be, is not there`, {
          hint: 'is it mounted? it is tried again',
        });
      }
      const isRoot = process.geteuid?.() === 0;
      if (isPresent(entryOf(fd, path.basename(dir)), dir, uid)) return;
      demandUnlocked(fd, path.dirname(dir));
      createIn(fd, path.basename(dir), path.join(root, 'etc/skel'), isRoot ? { uid, gid } : null);
    });
  } catch (cause) {
    throw toHostWrite(`cannot make ${dir}`, cause);
  }
}

/** An append-only directory takes a new entry, and does not let it be renamed. @throws AgentError host_write */
function demandUnlocked(above: number, directory: string): void {
  const lock = readLock(entryOf(above, '.'));
  if (lock !== null)
    throw new AgentError('host_write', `${directory} is ${lock.what}`, {
      hint: `chattr -${lock.letter} ${directory}, then sunk-agent sync`,
    });
}

/** @throws AgentError refused: what is there is no home of that uid. */
function isPresent(home: string, dir: string, uid: number): boolean {
  const found = lstatSync(home, { throwIfNoEntry: false });
  if (found === undefined) return false;
  if (found.isDirectory() && (found.uid === uid || process.geteuid?.() !== 0)) return true;
  throw new AgentError('refused', `${dir} exists and belongs to uid ${found.uid}, not to uid ${uid}`, {
    hint: 'it is not touched: chown it, or move it away',
  });
}

function createIn(above: number, name: string, skeleton: string, owner: Owner): void {
  const temporary = chooseTemporary(above, name, owner);
  try {
    if (!temporary.isFinished) {
      withNewDirectory(above, temporary.name, (fd) => {
        if (existsSync(skeleton)) copySkeleton(skeleton, fd, owner);
        giveAway(fd, 0o700, owner);
      });
    }
    renameSync(entryOf(above, temporary.name), entryOf(above, name));
    withOpen(`/proc/self/fd/${above}`, fsyncSync);
  } catch (cause) {
    removeUnfinished(entryOf(above, temporary.name));
    throw cause;
  }
}

/**
 * The sibling to fill. What a kill left is finished if the user owns it, since its owner is set last, and removed if root
 * does; where another user has put something under that name, another name is taken.
 */
function chooseTemporary(
  above: number,
  home: string,
  owner: Owner,
): { readonly name: string; readonly isFinished: boolean } {
  const name = `.sunk-agent-home-${home}`;
  const found = lstatSync(entryOf(above, name), { throwIfNoEntry: false });
  if (found === undefined) return { name, isFinished: false };
  if (owner !== null && found.isDirectory() && found.uid === owner.uid && owner.uid !== 0)
    return { name, isFinished: true };
  if (removeUnfinished(entryOf(above, name))) return { name, isFinished: false };
  return { name: `${name}-${randomBytes(6).toString('hex')}`, isFinished: false };
}

/** Only where no user but root can have reached into it. @returns whether nothing is there any more. */
function removeUnfinished(temporary: string): boolean {
  try {
    const found = lstatSync(temporary, { throwIfNoEntry: false });
    if (found === undefined) return true;
    if (!found.isDirectory() || found.uid !== process.geteuid?.()) return false;
    rmSync(temporary, { recursive: true, force: true });
    return true;
  } catch {
    // The disk that refused the home refuses this as well; the next attempt starts with it.
    return false;
  }
}
