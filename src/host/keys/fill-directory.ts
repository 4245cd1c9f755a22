// Makes a directory with all its files where there is none: beside its place, and put there by one rename.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { FEW, copyAttributes, TEMPORARY_SUFFIX } from '../fs/atomic-file.ts';
import { hasCode } from '../fs/read-text.ts';
import { beginSync, syncFileSystem, syncToDisk, withOpen } from '../fs/durable.ts';
import { toHostWrite } from '../../common/system-error.ts';

/** A file of a directory that is filled: readable to all. */
export interface NewEntry {
  readonly name: string;
  readonly text: string;
}

/** Files that are written before the disk begins with them: some ten megabytes, in blocks of 4 KiB. */
const SYNC_EVERY = 2500;

/**
 * Makes a directory of files in one go where there is none, or an empty one: they are written beside it, and a single rename
 * puts all of them in place, where `replaceFiles` would rename each. All of them appear or none.
 * @param files each name once.
 * @param mode of a directory that is not there; an empty one hands on its mode, owner, ACL and SELinux label.
 * @returns false where nothing was done, since no other directory can take that place: a mount point, or no longer empty.
 * @throws AgentError host_write, with what was written removed.
 */
export function fillDirectory(directory: string, files: readonly NewEntry[], mode: number): boolean {
  const temporary = `${directory}${TEMPORARY_SUFFIX}`;
  // What a mode takes away from that of a file is said here, and not by whoever started us.
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
    // Gone already if it has taken its place.
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Files that nobody sees yet, on disk when this returns. */
function writeEntries(directory: string, files: readonly NewEntry[]): void {
  for (const [index, { name, text }] of files.entries()) {
    // With its encoding said Node has a way of its own for a text, at half the cost; it knows no `flush`.
    writeFileSync(`${directory}/${name}`, text, { encoding: 'utf8', flag: 'wx', mode: 0o644 });
    if (index % SYNC_EVERY === SYNC_EVERY - 1) beginSync(directory);
  }
  if (files.length > FEW) syncFileSystem(directory);
  else for (const name of ['', ...files.map((file) => file.name)]) syncToDisk(`${directory}/${name}`);
}

/** rename(2); false where that place is a mount point or a directory with something in it. */
function tryRename(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (cause) {
    if (['EBUSY', 'EXDEV', 'ENOTEMPTY', 'EEXIST'].some((code) => hasCode(cause, code))) return false;
    throw cause;
  }
}
