// The directory of key files, one per account name, that sshd and the helper read.
import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { replaceFiles, sweepTemporaries, TEMPORARY_SUFFIX } from '../fs/atomic-file.ts';
import { fillDirectory, type NewEntry } from './fill-directory.ts';
import { type DirectoryWatch, watchDirectory } from './directory-watch.ts';
import { syncToDisk } from '../fs/durable.ts';
import { readThroughStatCache, type StatCache } from '../fs/stat-cache.ts';

/** Names of key files are account names, so never a path. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;

interface DirectoryCache {
  /** Inode of the directory: a directory that replaced it has another. */
  readonly inode: number;
  /** null: the kernel grants none, so each file is stamped each time. */
  readonly watch: DirectoryWatch | null;
  /** performance.now() when each file was last stamped. */
  readonly checkedAt: number;
  /** By name. */
  readonly files: ReadonlyMap<string, StatCache>;
  readonly texts: ReadonlyMap<string, string>;
  /** Temporaries that a kill left. */
  readonly temporaries: readonly string[];
}

/** Milliseconds after which each file is stamped again, for changes that a watch does not report. */
const MAX_UNCHECKED_MS = 900_000;

/** By directory, for this process: from one sync to the next nearly all files stay the same. */
const caches = new Map<string, DirectoryCache>();

/** Text of each key file, by name; reads only, so it may be called while a sync writes. */
export function readKeyFiles(directory: string): ReadonlyMap<string, string> {
  const found = lstatSync(directory, { throwIfNoEntry: false });
  let before = caches.get(directory);
  if (before !== undefined && before.inode !== found?.ino) {
    before.watch?.close();
    caches.delete(directory);
    before = undefined;
  }
  if (found === undefined) return new Map();
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const after = (before && readChanged(directory, fd, before)) ?? readAll(directory, fd, found.ino, before);
    caches.set(directory, after);
    return after.texts;
  } finally {
    closeSync(fd);
  }
}

/** Reads only the files that changed; null: it is unknown which did. */
function readChanged(directory: string, fd: number, before: DirectoryCache): DirectoryCache | null {
  const names = before.watch?.readChanges() ?? null;
  if (names === null || performance.now() - before.checkedAt > MAX_UNCHECKED_MS) return null;
  const unsure = new Set(names);
  for (const [name, { stamp }] of before.files) if (stamp === null) unsure.add(name);
  if (unsure.size === 0) return before;
  const files = new Map(before.files);
  const texts = new Map(before.texts);
  for (const name of unsure) {
    if (!isKeyFile(name)) continue;
    const file = readThroughStatCache(
      { directory: fd, name, file: `${directory}/${name}` },
      'utf8',
      files.get(name),
    );
    if (file === null) {
      files.delete(name);
      texts.delete(name);
    } else {
      files.set(name, file);
      texts.set(name, file.text);
    }
  }
  const temporaries = [...new Set([...before.temporaries, ...names])].filter(
    (name) => name.endsWith(TEMPORARY_SUFFIX) && existsSync(`${directory}/${name}`),
  );
  return { ...before, files, texts, temporaries };
}

function readAll(directory: string, fd: number, inode: number, before?: DirectoryCache): DirectoryCache {
  // The watch comes first, so that a change during the reads is found by the next call.
  before?.watch?.close();
  const watch = watchDirectory(directory);
  const checkedAt = performance.now();
  const files = new Map<string, StatCache>();
  const texts = new Map<string, string>();
  const temporaries: string[] = [];
  for (const name of readdirSync(directory)) {
    if (name.endsWith(TEMPORARY_SUFFIX)) temporaries.push(name);
    if (!isKeyFile(name)) continue;
    const known = before?.files.get(name);
    const file = readThroughStatCache({ directory: fd, name, file: `${directory}/${name}` }, 'utf8', known);
    if (file === null) continue;
    files.set(name, file);
    texts.set(name, file.text);
  }
  return { inode, watch, checkedAt, files, texts, temporaries };
}

const isKeyFile = (name: string): boolean => NAME.test(name) && !name.endsWith(TEMPORARY_SUFFIX);

/**
 * Replaces key files: all of them, or none if it fails before the renames.
 * @throws the system's error
 */
export function writeKeyFiles(directory: string, files: readonly NewEntry[]): void {
  if (files.length === 0) return;
  for (const { name } of files)
    if (!NAME.test(name)) throw new RangeError(`not an account name: ${JSON.stringify(name)}`);
  if (isEmpty(directory) && fillDirectory(directory, files, 0o755)) return;
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  // Listing a directory of 100,000 files again takes longer than writing one.
  sweepTemporaries(directory, caches.get(directory)?.temporaries);
  replaceFiles(
    files.map(({ name, text }) => ({
      file: path.join(directory, name),
      data: text,
      encoding: 'utf8',
      mode: 0o644,
    })),
  );
}

/** A missing directory counts as empty; a symbolic link in its place is an administrator's, and stays. */
function isEmpty(directory: string): boolean {
  const known = caches.get(directory);
  if (known !== undefined && known.files.size > 0) return false;
  const found = lstatSync(directory, { throwIfNoEntry: false });
  return found === undefined || (found.isDirectory() && readdirSync(directory).length === 0);
}

/** Removes a key file durably, also if the power fails next; a missing file is no error. */
export function removeKeyFile(directory: string, name: string): void {
  if (!NAME.test(name)) throw new RangeError(`not an account name: ${JSON.stringify(name)}`);
  const file = path.join(directory, name);
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return;
  rmSync(file, { force: true });
  syncToDisk(directory);
}
