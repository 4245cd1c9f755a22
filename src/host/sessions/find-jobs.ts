// Finds what would run for a user without a login: cron, incron and at jobs, and lingering user managers.
import { closeSync, constants, lstatSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import { compare } from '../../common/text/compare.ts';
import { listDirectory } from '../fs/list-directory.ts';

export interface Person {
  readonly name: string;
  readonly uid: number;
}

/** Where cron(8) of Debian and of Red Hat, incrond(8) and logind keep a file per user name. */
export const BY_NAME = [
  'var/spool/cron/crontabs',
  'var/spool/cron',
  'var/spool/incron',
  'var/lib/systemd/linger',
];
/** Where atd(8) of Debian and of Red Hat keeps files that belong to the user. */
export const BY_OWNER = ['var/spool/cron/atjobs', 'var/spool/at'];
/** at(1) writes the environment above the commands, and sudo(8) puts into it who asked. */
const SUDO_UID = /^SUDO_UID=(\d{1,10}); export SUDO_UID$/m;
const ENVIRONMENT_BYTES = 65_536;
/** at(1) writes the time of a job into its name: the queue, five hexadecimal digits of a number, eight of minutes. */
const AT_JOB = /^[a-zA-Z=][0-9a-f]{5}([0-9a-f]{8})$/;

/** Files below `root` that would run something for one of these people, or keep it running, by uid; the next due first. */
export function findJobs(root: string, people: Iterable<Person>): Map<number, string[]> {
  const found = new Map<number, string[]>();
  const add = (uid: number, file: string): void => {
    const files = found.get(uid);
    if (files === undefined) found.set(uid, [file]);
    else files.push(file);
  };
  const list = (directories: readonly string[]): (readonly [directory: string, name: string])[] =>
    directories.flatMap((directory) =>
      listDirectory(path.join(root, directory)).map((name) => [directory, name] as const),
    );
  const [named, owned] = [list(BY_NAME), list(BY_OWNER)];
  // Most nodes have no such file, however many users they have.
  if (named.length + owned.length === 0) return found;
  const byName = new Map<string, number>();
  const uids = new Set<number>();
  for (const { name, uid } of people) {
    byName.set(name, uid);
    uids.add(uid);
  }
  for (const [directory, name] of named) {
    const uid = byName.get(name);
    if (uid !== undefined && findOwner(path.join(root, directory, name)) !== null)
      add(uid, path.join(directory, name));
  }
  for (const [directory, name] of owned) {
    const file = path.join(root, directory, name);
    const owner = AT_JOB.test(name) ? findOwner(file) : null;
    const uid = owner === 0 ? readSudoUid(file) : owner;
    if (uid !== null && uids.has(uid)) add(uid, path.join(directory, name));
  }
  // What is due first is kept first.
  for (const files of found.values())
    files.sort((a, b) => (findDueTime(a) ?? 0) - (findDueTime(b) ?? 0) || compare(a, b));
  return found;
}

/** The person who left a job of root through sudo; null: no one, or it is not known. */
function readSudoUid(file: string): number | null {
  let job: number;
  try {
    job = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const buffer = Buffer.alloc(ENVIRONMENT_BYTES);
    const text = buffer.toString('latin1', 0, readSync(job, buffer, 0, buffer.length, 0));
    const uid = SUDO_UID.exec(text)?.[1];
    return uid === undefined ? null : Number(uid);
  } finally {
    closeSync(job);
  }
}

/** Uids of those of these people who have jobs or linger. */
export function findJobOwners(root: string, people: Iterable<Person>): Set<number> {
  return new Set(findJobs(root, people).keys());
}

/**
 * Where a job that was at `file` belongs when its user comes back.
 * @param name the user's present name.
 * @param now epoch milliseconds
 * @returns null: nowhere, because its time has passed, or another file has its name.
 */
export function findReturnPath(file: string, name: string, now: number): string | null {
  const directory = path.dirname(file);
  if (BY_NAME.includes(directory)) return file.includes('~') ? null : path.join(directory, name);
  const due = findDueTime(file);
  return due === null || due < now ? null : file;
}

/** When an at job is to run, epoch milliseconds; null: it is none. */
export function findDueTime(file: string): number | null {
  if (!BY_OWNER.includes(path.dirname(file))) return null;
  const minutes = AT_JOB.exec(path.basename(file))?.[1];
  return minutes === undefined ? null : parseInt(minutes, 16) * 60_000;
}

/** The uid of a plain file with one name, which cron(8) and atd(8) require; null for anything else. */
function findOwner(file: string): number | null {
  const found = lstatSync(file, { throwIfNoEntry: false });
  return found !== undefined && found.isFile() && found.nlink === 1 ? found.uid : null;
}
