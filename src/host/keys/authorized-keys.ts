// The directory of key files, one a name, that sshd and the helper read.
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

/** What may be a file's name: an account's, so never a path. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/;

interface Remembered {
  /** Of the directory itself: another directory in its place has another. */
  readonly inode: number;
  /** null: the kernel grants none, so each file is looked at each time. */
  readonly watch: DirectoryWatch | null;
  /** performance.now() when each file was last looked at. */
  readonly lookedAt: number;
  /** By name. */
  readonly files: ReadonlyMap<string, StatCache>;
  readonly texts: ReadonlyMap<string, string>;
  /** What a kill has left. */
  readonly temporaries: readonly string[];
}

/** After so long each file is looked at again, for what a watch cannot see. */
const LOOK_AT_LEAST_EVERY_MS = 900_000;

/** What was read in this process, by directory: nearly all files are as they were in the pass before. */
const memory = new Map<string, Remembered>();

/** Text of each key file, by name; only looks, so that it may be asked while a pass writes. */
export function readKeyFiles(directory: string): ReadonlyMap<string, string> {
  const found = lstatSync(directory, { throwIfNoEntry: false });
  let before = memory.get(directory);
  if (before !== undefined && before.inode !== found?.ino) {
    before.watch?.close();
    memory.delete(directory);
    before = undefined;
  }
  if (found === undefined) return new Map();
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const after = (before && lookAgain(directory, fd, before)) ?? lookAtAll(directory, fd, found.ino, before);
    memory.set(directory, after);
    return after.texts;
  } finally {
    closeSync(fd);
  }
}

/** Looks at those files only to which something happened; null if that is not known. */
function lookAgain(directory: string, fd: number, before: Remembered): Remembered | null {
  const names = before.watch?.take() ?? null;
  if (names === null || performance.now() - before.lookedAt > LOOK_AT_LEAST_EVERY_MS) return null;
  const doubtful = new Set(names);
  for (const [name, { stamp }] of before.files) if (stamp === null) doubtful.add(name);
  if (doubtful.size === 0) return before;
  const files = new Map(before.files);
  const texts = new Map(before.texts);
  for (const name of doubtful) {
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

function lookAtAll(directory: string, fd: number, inode: number, before?: Remembered): Remembered {
  // First the watch, so that whatever comes meanwhile is found by the next look.
  before?.watch?.close();
  const watch = watchDirectory(directory);
  const lookedAt = performance.now();
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
  return { inode, watch, lookedAt, files, texts, temporaries };
}

const isKeyFile = (name: string): boolean => NAME.test(name) && !name.endsWith(TEMPORARY_SUFFIX);

/**
 * Replaces key files, all of them or (at a failure before the renames) none.
 * @throws the system's error
 */
export function writeKeyFiles(directory: string, files: readonly NewEntry[]): void {
  if (files.length === 0) return;
  for (const { name } of files)
    if (!NAME.test(name)) throw new RangeError(`not an account's name: ${JSON.stringify(name)}`);
  if (isEmpty(directory) && fillDirectory(directory, files, 0o755)) return;
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  // To list a directory of 100,000 files a second time takes longer than to write one.
  sweepTemporaries(directory, memory.get(directory)?.temporaries);
  replaceFiles(
    files.map(({ name, text }) => ({
      file: path.join(directory, name),
      data: text,
      encoding: 'utf8',
      mode: 0o644,
    })),
  );
}

/** A directory that is not there has nothing in it either; a link in its place is an administrator's, and stays. */
function isEmpty(directory: string): boolean {
  const known = memory.get(directory);
  if (known !== undefined && known.files.size > 0) return false;
  const found = lstatSync(directory, { throwIfNoEntry: false });
  return found === undefined || (found.isDirectory() && readdirSync(directory).length === 0);
}

/** Removes a key file for good, also if the power fails next; that it is gone already is no failure. */
export function removeKeyFile(directory: string, name: string): void {
  if (!NAME.test(name)) throw new RangeError(`not an account's name: ${JSON.stringify(name)}`);
  const file = path.join(directory, name);
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return;
  rmSync(file, { force: true });
  syncToDisk(directory);
}
