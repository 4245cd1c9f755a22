// Replaces whole files: writes temporaries beside them, syncs their data, renames them, syncs the directory.
import {
  constants,
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  futimesSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { readAttributes, writeAttributes } from './extended-attributes.ts';
import { demandReplaceable } from './replaceable.ts';
import { hasCode } from './read-text.ts';
import { syncFileSystem, syncToDisk } from './durable.ts';
import { toHostWrite } from '../../common/system-error.ts';

export interface NewFile {
  readonly file: string;
  readonly data: string;
  /** `latin1` for bytes kept in a string. */
  readonly encoding: 'utf8' | 'latin1';
  /** For a file that does not exist yet; one that does keeps mode, owner, ACL and SELinux label. */
  readonly mode: number;
  /** A backup: it gets attributes and time of that file instead. */
  readonly like?: string;
}

/** End of the names of temporaries; one that a crash left is overwritten or removed. */
export const TEMPORARY_SUFFIX = '.sunk-agent-new';

/** For more files than this one syncfs(2) is far cheaper than an fsync(2) each. */
export const FEW = 8;

/**
 * Replaces the files in the order given, all of one directory. A failure before the first rename changes nothing; a
 * crash between two renames leaves a prefix of them, which the next sync completes.
 * @throws AgentError host_write, with the temporaries removed.
 */
export function replaceFiles(files: readonly NewFile[]): void {
  const [first] = files;
  if (first === undefined) return;
  const temporaries: string[] = [];
  try {
    // More files than a few are key files, which do not depend on each other.
    if (files.length <= FEW) demandReplaceable(files.map(({ file }) => file));
    for (const fresh of files) temporaries.push(writeTemporary(fresh, files.length <= FEW));
    if (files.length > FEW) syncFileSystem(path.dirname(first.file));
    for (const [index, { file }] of files.entries()) renameSync(temporaries[index] ?? '', file);
    for (const directory of new Set(files.map(({ file }) => path.dirname(file)))) syncToDisk(directory);
  } catch (cause) {
    for (const temporary of temporaries) rmSync(temporary, { force: true });
    throw toHostWrite(`cannot replace ${first.file}`, cause);
  }
}

/**
 * Removes what a kill left in a directory. The caller holds the sync lock, so that no one replaces files there.
 */
export function sweepTemporaries(directory: string): void {
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    if (!name.endsWith(TEMPORARY_SUFFIX)) continue;
    try {
      rmSync(path.join(directory, name), { recursive: true, force: true });
    } catch {
      // A read-only disk, for example; the next write there reports it.
    }
  }
}

function writeTemporary({ file, data, encoding, mode, like }: NewFile, syncs: boolean): string {
  const temporary = `${file}${TEMPORARY_SUFFIX}`;
  const fd = createAnew(temporary);
  try {
    writeWhole(fd, Buffer.from(data, encoding));
    copyAttributes(fd, like ?? file, mode, like !== undefined);
    if (syncs) fsyncSync(fd);
    return temporary;
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Removes what a crash left in its place. */
function createAnew(temporary: string): number {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    return openSync(temporary, flags, 0o600);
  } catch (cause) {
    if (!hasCode(cause, 'EEXIST')) throw cause;
    rmSync(temporary, { force: true });
    return openSync(temporary, flags, 0o600);
  }
}

/** Copies owner, mode, label and ACL of the old file to the new one; for a backup also the time. */
export function copyAttributes(fd: number, model: string, mode: number, takesTime: boolean): void {
  const old = openIfThere(model);
  if (old === null) {
    fchmodSync(fd, mode);
    return;
  }
  try {
    const found = fstatSync(old);
    if (process.geteuid?.() === 0) fchownSync(fd, found.uid, found.gid);
    fchmodSync(fd, found.mode & 0o7777);
    writeAttributes(fd, readAttributes(old));
    if (takesTime) futimesSync(fd, found.atime, found.mtime);
  } finally {
    closeSync(old);
  }
}

function openIfThere(file: string): number | null {
  // Most new key files replace none, and an exception costs more than all else about such a file.
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return null;
  try {
    return openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return null;
    throw cause;
  }
}

function writeWhole(fd: number, data: Buffer): void {
  for (let done = 0; done < data.length;) done += writeSync(fd, data, done, data.length - done, done);
}
