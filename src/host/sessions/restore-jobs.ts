// Gives a user who is back the jobs that were set aside, and tells them in their home which did not come back.
import { chmodSync, existsSync, lstatSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { TEMPORARY_SUFFIX } from '../fs/atomic-file.ts';
import { copyFile, isCopy } from '../fs/copy-file.ts';
import { syncWithin } from '../fs/durable.ts';
import { findDueTime, findReturnPath, type Person } from './find-jobs.ts';
import { endOwnDirectory, listKept, readNotKept } from './offboarded.ts';
import { tellOfJobs } from './tell-of-jobs.ts';

/** As for the way out (disable-jobs.ts). */
const SYNC_MS = 1500;

export interface Returner extends Person {
  /** As passwd(5) has it, without the root. */
  readonly home: string;
}

/**
 * Moves everything back where it was, under the user's present name. A job that would run at once, because its time
 * has passed, and one that would replace something newer, stays in `UID.kept-TIME`; a file in the home says which.
 * @param now epoch milliseconds
 * @throws the system's error
 */
export async function restoreJobs(
  root: string,
  directory: string,
  person: Returner,
  now: number,
): Promise<void> {
  const { name, uid } = person;
  const own = path.join(directory, String(uid));
  const late: string[] = [];
  const written = new Set<string>();
  for (const saved of listKept(own)) {
    const from = path.join(own, saved);
    const file = saved.replaceAll('%', '/');
    const to = findReturnPath(file, name, now);
    if (saved.endsWith(TEMPORARY_SUFFIX)) rmSync(from);
    else if (to !== null && !isOfRoot(from, to) && restoreFile(from, path.join(root, to), modeOf(to)))
      written.add(path.dirname(to));
    else late.push(file);
  }
  for (const parent of written) await syncWithin(path.join(root, parent), SYNC_MS);
  for (const saved of listKept(own))
    if (!late.includes(saved.replaceAll('%', '/'))) rmSync(path.join(own, saved));
  tellOfJobs(root, person, { late, notKept: readNotKept(own), kept: `${own}.kept-${now}` }, now);
  endOwnDirectory(directory, uid, now);
}

/** An at job that sudo made: who returns may have no sudo. Files of logind are root's anyway. */
const isOfRoot = (from: string, to: string): boolean => findDueTime(to) !== null && lstatSync(from).uid === 0;

/** Daemons read that directory, so the file is whole before it has a name that they read. @returns whether it exists. */
function restoreFile(from: string, to: string, mode: number): boolean {
  const directory = path.dirname(to);
  if (!existsSync(directory)) return false;
  if (lstatSync(to, { throwIfNoEntry: false }) !== undefined) return isCopy(from, to);
  const temporary = path.join(directory, `.${path.basename(to)}${TEMPORARY_SUFFIX}`);
  try {
    rmSync(temporary, { force: true });
    copyFile(from, temporary);
    if ((lstatSync(temporary).mode & 0o777) === 0) chmodSync(temporary, mode);
    renameSync(temporary, to);
  } finally {
    rmSync(temporary, { force: true });
  }
  return true;
}

/** The mode of a job that was stopped before it was set aside: what crontab(1), at(1) and logind give. */
function modeOf(file: string): number {
  if (findDueTime(file) !== null) return 0o700;
  return file.includes('/linger/') ? 0o644 : 0o600;
}
