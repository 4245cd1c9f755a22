// Creates a directory with all its files: fills a temporary one beside it, and renames that into place.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FEW, copyAttributes, TEMPORARY_SUFFIX } from '../fs/atomic-file.ts';
import { hasCode } from '../fs/read-text.ts';
import { beginSync, syncFileSystem, syncToDisk, withOpen } from '../fs/durable.ts';
import { toHostWrite } from '../../common/system-error.ts';

/** A file of the new directory, readable to all users. */
export interface NewEntry {
  readonly name: string;
  readonly text: string;
}

/** Files written before a background sync starts: about ten megabytes, in blocks of 4 KiB. */
const SYNC_EVERY = 2500;

/**
 * Creates a directory with its files where none exists, or an empty one. The files are written beside it, and a single rename
 * installs all of them, where `replaceFiles` would rename each. All of them appear or none.
 * @param files each name once.
 * @param mode of a directory that does not exist; an empty one keeps its mode, owner, ACL and SELinux label.
 * @returns false: nothing was changed, because the directory cannot be replaced: it is a mount point, or not empty any more.
 * @throws AgentError host_write, after it removed what it wrote.
 */
export function fillDirectory(directory: string, files: readonly NewEntry[], mode: number): boolean {
  const temporary = `${directory}${TEMPORARY_SUFFIX}`;
  // Modes must not depend on the umask of the parent process.
  const previousMask = process.umask(0o022);
  try {
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, mode);
    withOpen(temporary, (fd) => copyAttributes(fd, directory, mode, false));
    writeEntries(temporary, files);
    if (!tryRename(temporary, directory)) return false;
    syncToDisk(path.dirname(directory));
    return true;
  } catch (cause) {
    throw toHostWrite(`cannot fill ${directory}`, cause);
  } finally {
    process.umask(previousMask);
    // It no longer exists if the rename succeeded.
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Writes files into a directory that no reader uses yet; they are on disk when this returns. */
function writeEntries(directory: string, files: readonly NewEntry[]): void {
  for (const [index, { name, text }] of files.entries()) {
    // With an explicit encoding Node has a fast path for text, at half the cost; that path has no `flush`.
    writeFileSync(`${directory}/${name}`, text, { encoding: 'utf8', flag: 'wx', mode: 0o644 });
    if (index % SYNC_EVERY === SYNC_EVERY - 1) beginSync(directory);
  }
  if (files.length > FEW) syncFileSystem(directory);
  else for (const name of ['', ...files.map((file) => file.name)]) syncToDisk(`${directory}/${name}`);
}

/** rename(2); false: the target is a mount point or a directory that is not empty. */
function tryRename(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (cause) {
    if (['EBUSY', 'EXDEV', 'ENOTEMPTY', 'EEXIST'].some((code) => hasCode(cause, code))) return false;
    throw cause;
  }
}
