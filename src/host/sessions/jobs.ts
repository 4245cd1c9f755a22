// Moves the jobs of users who leave into a directory of sunk-agent, so that nothing runs and nothing is lost, and back.
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { Offboarded } from '../../plan/actual.ts';
import { TEMPORARY_SUFFIX } from '../fs/atomic-file.ts';
import { copyFile, isCopy } from '../fs/copy-file.ts';
import { syncToDisk } from '../fs/durable.ts';
import { listDirectory } from '../fs/list-directory.ts';
import { findJobs, findReturnPath, type Person } from './find-jobs.ts';

/** In the directory of a user: their hook has not run yet. */
const NEEDS_HOOK = 'needs-hook';

/** Users whose jobs were moved, by uid. */
export function readOffboarded(directory: string): Map<number, Offboarded> {
  const found = new Map<number, Offboarded>();
  for (const name of listDirectory(directory)) {
    if (/^\d+$/.test(name))
      found.set(Number(name), { needsHook: existsSync(path.join(directory, name, NEEDS_HOOK)) });
  }
  return found;
}

/** Removes what a kill left. The caller holds the sync lock, so that no other process works there. */
export function sweepOffboarded(directory: string): void {
  for (const name of listDirectory(directory)) {
    if (name.startsWith('.new-')) rmSync(path.join(directory, name), { recursive: true });
  }
}

/**
 * Copies each job of a user into their directory, then removes it where it was. (rename(2) would fail between two
 * mounts.) A kill in between leaves both, and the next sync continues.
 * @throws the system's error
 */
export function disableJobs(root: string, directory: string, person: Person, needsHook: boolean): void {
  const own = makeOwnDirectory(directory, person.uid, needsHook);
  for (const file of findJobs(root, [person]).get(person.uid) ?? []) {
    saveCopy(path.join(root, file), path.join(own, file.replaceAll('/', '%')));
    syncToDisk(own);
    rmSync(path.join(root, file), { force: true });
  }
}

/** Records that the hook of a user has run. */
export function noteHook(directory: string, uid: number): void {
  rmSync(path.join(directory, String(uid), NEEDS_HOOK), { force: true });
}

/**
 * Moves everything back where it was, under the user's present name. A job that would run at once, because its time
 * has passed, and one that would replace something newer, stays in `UID.kept-TIME`.
 * @param now epoch milliseconds
 * @throws the system's error
 */
export function restoreJobs(root: string, directory: string, { name, uid }: Person, now: number): void {
  const own = path.join(directory, String(uid));
  for (const saved of readdirSync(own)) {
    const from = path.join(own, saved);
    const to = findReturnPath(saved.replaceAll('%', '/'), name, now);
    if (saved.endsWith(TEMPORARY_SUFFIX)) rmSync(from);
    else if (to !== null && restoreFile(from, path.join(root, to))) rmSync(from);
  }
  rmSync(path.join(own, NEEDS_HOOK), { force: true });
  if (readdirSync(own).length === 0) rmdirSync(own);
  else renameSync(own, `${own}.kept-${now}`);
  syncToDisk(directory);
}

/** Daemons read that directory, so the file is whole before it has a name that they read. @returns whether it exists. */
function restoreFile(from: string, to: string): boolean {
  const directory = path.dirname(to);
  if (!existsSync(directory)) return false;
  if (lstatSync(to, { throwIfNoEntry: false }) !== undefined) return isCopy(from, to);
  const temporary = path.join(directory, `.${path.basename(to)}${TEMPORARY_SUFFIX}`);
  rmSync(temporary, { force: true });
  copyFile(from, temporary);
  renameSync(temporary, to);
  syncToDisk(directory);
  return true;
}

/** The directory and the note about the hook appear together. */
function makeOwnDirectory(directory: string, uid: number, needsHook: boolean): string {
  const own = path.join(directory, String(uid));
  if (existsSync(own)) return own;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const temporary = mkdtempSync(path.join(directory, '.new-'));
  if (needsHook) writeFileSync(path.join(temporary, NEEDS_HOOK), '', { flush: true });
  renameSync(temporary, own);
  syncToDisk(directory);
  return own;
}

/** Uses a further name if another file has that one; copies nothing if the copy exists (after a kill in between). */
function saveCopy(from: string, to: string): void {
  const temporary = path.join(path.dirname(to), `.copy${TEMPORARY_SUFFIX}`);
  rmSync(temporary, { force: true });
  copyFile(from, temporary);
  for (let n = 0; ; n += 1) {
    const free = n === 0 ? to : `${to}~${n}`;
    if (!existsSync(free)) linkSync(temporary, free);
    else if (!isCopy(temporary, free)) continue;
    rmSync(temporary);
    return;
  }
}
