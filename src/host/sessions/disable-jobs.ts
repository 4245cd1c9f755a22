// Moves the jobs of users who leave into a directory of sunk-agent: bounded in number, bytes and time.
import { chmodSync, existsSync, linkSync, lstatSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describeError } from '../../common/errors.ts';
import { nameRefusal } from '../../common/system-error.ts';
import { TEMPORARY_SUFFIX } from '../fs/atomic-file.ts';
import { copyFile, isCopy } from '../fs/copy-file.ts';
import { syncWithin } from '../fs/durable.ts';
import { findJobs, type Person } from './find-jobs.ts';
import { makeOwnDirectory, noteNotKept } from './offboarded.ts';

/** What is kept of one person; what is more or larger is removed, and named when the person comes back. */
const MAX_JOBS = 100;
const MAX_JOB_BYTES = 1024 * 1024;
const MAX_BYTES = 4 * MAX_JOB_BYTES;
/** Milliseconds for the copies of all people; what is not copied by then is for the next sync. */
const DEADLINE_MS = 3000;
/** What is then not on the disk is lost if the power fails in that moment; revocations wait no longer for it. */
const SYNC_MS = 1500;

export interface Leaver extends Person {
  /** It is to be remembered that the hook has to run. */
  readonly needsHook: boolean;
}

interface Copied {
  /** Below the root: to be removed once the copies are on the disk. */
  readonly files: readonly string[];
  /** Why others stay; null: none does. */
  readonly problem: string | null;
}

/**
 * Copies the jobs of each user into their directory, syncs once, then removes them where they were. (rename(2) would fail
 * between two mounts.) A kill in between leaves both, and the next sync continues. A job that cannot be copied is made
 * unable to run where it is: neither cron(8) nor atd(8) runs a file without permissions.
 * @returns by uid what failed, as one phrase.
 */
export async function disableJobs(
  root: string,
  directory: string,
  people: readonly Leaver[],
): Promise<Map<number, string>> {
  const problems = new Map<number, string>();
  const found = findJobs(root, people);
  const deadline = performance.now() + DEADLINE_MS;
  const copied: (Copied & { readonly uid: number })[] = [];
  for (const { uid, needsHook } of people) {
    const files = found.get(uid) ?? [];
    try {
      const own = makeOwnDirectory(directory, uid, needsHook);
      const copies = keepJobs(root, own, files, deadline);
      copied.push({ uid, ...copies });
      if (copies.problem !== null) problems.set(uid, copies.problem);
    } catch (error) {
      for (const file of files) stopJob(path.join(root, file));
      problems.set(uid, describe(error));
    }
  }
  if (copied.length === 0) return problems;
  await syncWithin(directory, SYNC_MS);
  for (const { uid, files } of copied) {
    try {
      for (const file of files) rmSync(path.join(root, file), { force: true });
    } catch (error) {
      problems.set(uid, describe(error));
    }
  }
  return problems;
}

/** Copies what is kept, within the bounds; a job that cannot be copied, or not in time, is stopped where it is. */
function keepJobs(root: string, own: string, files: readonly string[], deadline: number): Copied {
  const done: string[] = [];
  const notKept: string[] = [];
  let problem: string | null = null;
  let bytes = 0;
  for (const file of files) {
    const from = path.join(root, file);
    const { size = 0 } = lstatSync(from, { throwIfNoEntry: false }) ?? {};
    const isKept =
      done.length - notKept.length < MAX_JOBS && size <= MAX_JOB_BYTES && bytes + size <= MAX_BYTES;
    try {
      if (!isKept) notKept.push(file);
      else if (performance.now() > deadline) throw new Error('jobs are left for the next sync');
      else saveCopy(from, path.join(own, file.replaceAll('/', '%')));
      if (isKept) bytes += size;
      done.push(file);
    } catch (error) {
      stopJob(from);
      problem ??= describe(error);
    }
  }
  noteNotKept(own, notKept);
  return { files: done, problem };
}

const describe = (error: unknown): string => describeError(nameRefusal(error));

/** As far as the disk allows. */
function stopJob(file: string): void {
  try {
    chmodSync(file, 0);
  } catch {
    // Read-only, or gone: the change is reported as failed, and the account is disabled all the same.
  }
}

/** Uses a further name if another file has that one; copies nothing if the copy exists (after a kill in between). */
function saveCopy(from: string, to: string): void {
  const temporary = path.join(path.dirname(to), `.copy${TEMPORARY_SUFFIX}`);
  try {
    rmSync(temporary, { force: true });
    copyFile(from, temporary);
    for (let n = 0; ; n += 1) {
      const free = n === 0 ? to : `${to}~${n}`;
      if (!existsSync(free)) linkSync(temporary, free);
      else if (!isCopy(temporary, free)) continue;
      return;
    }
  } finally {
    rmSync(temporary, { force: true });
  }
}
