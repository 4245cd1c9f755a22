// Publishes a set of files atomically: each generation is a directory, and the link `current` points to the newest.
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  futimesSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { syncToDisk } from '../fs/durable.ts';
import type { GenerationFile } from './cache-files.ts';
import { hasCode } from '../fs/read-text.ts';

/** The link to the newest generation. */
export const CURRENT = 'current';
const GENERATION = /^generation-(\d{1,15})$/;
const TEMPORARY = /^(?:generation-\d{1,15}|current)\.new$/;

/** A file of the newest generation, in latin1; null: it does not exist. */
export function readCurrent(directory: string, name: string): string | null {
  try {
    return readFileSync(path.join(directory, CURRENT, name), 'latin1');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return null;
    throw cause;
  }
}

/**
 * Writes a new generation and switches to it; a crash at any time leaves the old one or the new one. Keeps the one
 * before for readers that have it open; removes older ones and what crashes left.
 * @param secretGid group of the files that not every user may read.
 * @throws the system's error; the old generation is then still the current one.
 */
export function publishGeneration(
  directory: string,
  files: readonly GenerationFile[],
  secretGid: number | null,
): void {
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const before = readGeneration(directory);
  const name = `generation-${1 + Math.max(0, ...listGenerations(directory))}`;
  const time = chooseTime(directory, files);
  const fresh = path.join(directory, `${name}.new`);
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh);
  chmodSync(fresh, 0o755);
  try {
    for (const file of files) writeWhole(fresh, file, secretGid, time);
    syncToDisk(fresh);
    renameSync(fresh, path.join(directory, name));
    ignoreIndexes(directory, files);
    const link = path.join(directory, `${CURRENT}.new`);
    rmSync(link, { force: true });
    symlinkSync(name, link);
    // Both names are on disk before the link may point at one of them.
    syncToDisk(directory);
    renameSync(link, path.join(directory, CURRENT));
    syncToDisk(directory);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    throw error;
  }
  prune(directory, new Set([name, before]));
}

/** A lookup has its index and its file open within 0.1 ms, unless it has to wait for the processor. */
const GRACE_MS = 300;

/**
 * libnss-cache opens an index and then the file, each by its path, and ignores an index that is older than its file. A
 * switch in between would have it read the one file by the index of the other, and end the process that asked (status
 * 100, glibc: "Illegal status in __nss_next"). So the indexes in force are ignored a while before the switch; names and
 * ids resolve line by line meanwhile. Nothing to do where all that has an index stays as it is.
 */
function ignoreIndexes(directory: string, files: readonly GenerationFile[]): void {
  const changed = files.filter(({ name, data }) => readCurrent(directory, name) !== data);
  const indexes = listIndexes(directory).filter((index) =>
    changed.some(({ name }) => index === name || index.startsWith(`${name}.`)),
  );
  if (indexes.length === 0) return;
  for (const index of indexes) utimesSync(path.join(directory, CURRENT, index), 0, 0);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, GRACE_MS);
}

/** Indexes of the newest generation that a crash before a switch left ignored count again. */
export function restoreIndexes(directory: string): void {
  for (const index of listIndexes(directory)) {
    const file = statSync(path.join(directory, CURRENT, index.replace(/\.ix[a-z]+$/, '')), {
      throwIfNoEntry: false,
    });
    const own = path.join(directory, CURRENT, index);
    if (file !== undefined && statSync(own).mtimeMs < file.mtimeMs) utimesSync(own, file.mtime, file.mtime);
  }
}

/** Of the newest generation; empty: there is none. */
function listIndexes(directory: string): string[] {
  try {
    return readdirSync(path.join(directory, CURRENT)).filter((name) => /\.cache\.ix[a-z]+$/.test(name));
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return [];
    throw cause;
  }
}

/** The name of the newest generation; null: none exists. */
export function readGeneration(directory: string): string | null {
  try {
    return readlinkSync(path.join(directory, CURRENT));
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return null;
    throw cause;
  }
}

function listGenerations(directory: string): number[] {
  return readdirSync(directory).flatMap((name) => {
    const number = GENERATION.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

/**
 * libnss-cache ignores an index whose file is younger by a whole second. All files of a generation have one time, later
 * than the last one's by a second at least: a reader that has the time of the old index finds its file younger.
 */
function chooseTime(directory: string, files: readonly GenerationFile[]): number {
  const now = Math.floor(Date.now() / 1000);
  const [first] = files;
  const last =
    first === undefined
      ? undefined
      : statSync(path.join(directory, CURRENT, first.name), { throwIfNoEntry: false });
  return last === undefined ? now : Math.max(now, Math.floor(last.mtimeMs / 1000) + 1);
}

function writeWhole(
  directory: string,
  { name, data, isSecret }: GenerationFile,
  secretGid: number | null,
  time: number,
): void {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const fd = openSync(path.join(directory, name), flags, 0o600);
  try {
    writeFileSync(fd, data, 'latin1');
    if (isSecret && secretGid !== null && process.geteuid?.() === 0) fchownSync(fd, 0, secretGid);
    fchmodSync(fd, isSecret ? 0o640 : 0o644);
    futimesSync(fd, time, time);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function prune(directory: string, kept: ReadonlySet<string | null>): void {
  for (const name of readdirSync(directory)) {
    if (kept.has(name) || !(GENERATION.test(name) || TEMPORARY.test(name))) continue;
    rmSync(path.join(directory, name), { recursive: true, force: true });
  }
}
