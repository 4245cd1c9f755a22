// Cron and at jobs and lingering of those who leave: put aside, so that nothing runs and nothing is lost, and given back.
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  futimesSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { Offboarded } from '../../plan/actual.ts';
import { TEMPORARY_SUFFIX } from '../fs/atomic-file.ts';
import { syncToDisk } from '../fs/durable.ts';

interface Person {
  readonly name: string;
  readonly uid: number;
}

/** Where cron(8) of Debian and of Red Hat, atd(8) of both, and logind keep what is somebody's. */
const BY_NAME = ['var/spool/cron/crontabs', 'var/spool/cron', 'var/lib/systemd/linger'];
const BY_OWNER = ['var/spool/cron/atjobs', 'var/spool/at'];
/** at(1) writes the time of a job into its name: the queue, five hexadecimal digits of a number, eight of minutes. */
const AT_JOB = /^[a-zA-Z=][0-9a-f]{5}([0-9a-f]{8})$/;

/** In somebody's directory: their hook has still to run. */
const NEEDS_HOOK = 'needs-hook';

/** Files below `root` that would run something for one of these people, or keep it running, by uid. */
function findJobs(root: string, people: Iterable<Person>): Map<number, string[]> {
  const found = new Map<number, string[]>();
  const note = (uid: number, file: string): void => void found.set(uid, [...(found.get(uid) ?? []), file]);
  const list = (directories: readonly string[]): (readonly [directory: string, name: string])[] =>
    directories.flatMap((directory) =>
      listDirectory(root, directory).map((name) => [directory, name] as const),
    );
  const [named, owned] = [list(BY_NAME), list(BY_OWNER)];
  // On most nodes nobody has any, however many people there are.
  if (named.length + owned.length === 0) return found;
  const byName = new Map<string, number>();
  const uids = new Set<number>();
  for (const { name, uid } of people) {
    byName.set(name, uid);
    uids.add(uid);
  }
  for (const [directory, name] of named) {
    const uid = byName.get(name);
    if (uid !== undefined && isPlain(path.join(root, directory, name)) !== null)
      note(uid, path.join(directory, name));
  }
  for (const [directory, name] of owned) {
    const uid = AT_JOB.test(name) ? isPlain(path.join(root, directory, name)) : null;
    if (uid !== null && uids.has(uid)) note(uid, path.join(directory, name));
  }
  return found;
}

/** Uids of those of these people who have any. */
export function findJobOwners(root: string, people: Iterable<Person>): Set<number> {
  return new Set(findJobs(root, people).keys());
}

/** Whose jobs were put aside, by uid. */
export function readOffboarded(directory: string): Map<number, Offboarded> {
  const found = new Map<number, Offboarded>();
  for (const name of listDirectory('/', directory)) {
    if (/^\d+$/.test(name))
      found.set(Number(name), { needsHook: existsSync(path.join(directory, name, NEEDS_HOOK)) });
  }
  return found;
}

/** Removes what a kill cut short. Only while nobody else works there (the pass lock). */
export function sweepOffboarded(directory: string): void {
  for (const name of listDirectory('/', directory)) {
    if (name.startsWith('.new-')) rmSync(path.join(directory, name), { recursive: true });
  }
}

/**
 * Copies each of somebody's jobs into their directory, then removes it where it stands. (Rename would not do: the two may
 * be different mounts.) A kill in between leaves both, and the next pass goes on.
 * @throws the system's error
 */
export function disableJobs(root: string, directory: string, person: Person, needsHook: boolean): void {
  const own = makeOwnDirectory(directory, person.uid, needsHook);
  for (const file of findJobs(root, [person]).get(person.uid) ?? []) {
    copyAside(path.join(root, file), path.join(own, file.replaceAll('/', '%')));
    syncToDisk(own);
    rmSync(path.join(root, file), { force: true });
  }
}

/** Remembers that somebody's hook has run. */
export function noteHook(directory: string, uid: number): void {
  rmSync(path.join(directory, String(uid), NEEDS_HOOK), { force: true });
}

/**
 * Puts everything back where it was, under the name that the person has now. What would run at once, because its time
 * has passed, and what would replace something newer, stays in `UID.kept-TIME`.
 * @param now epoch milliseconds
 * @throws the system's error
 */
export function restoreJobs(root: string, directory: string, { name, uid }: Person, now: number): void {
  const own = path.join(directory, String(uid));
  for (const saved of readdirSync(own)) {
    const from = path.join(own, saved);
    const to = findPlace(saved, name, now);
    if (saved.endsWith(TEMPORARY_SUFFIX)) rmSync(from);
    else if (to !== null && putBack(from, path.join(root, to))) rmSync(from);
  }
  rmSync(path.join(own, NEEDS_HOOK), { force: true });
  if (readdirSync(own).length === 0) rmdirSync(own);
  else renameSync(own, `${own}.kept-${now}`);
  syncToDisk(directory);
}

/** Where a saved file belongs, or null if it is to stay: another of the same name, or a job whose time has passed. */
function findPlace(saved: string, name: string, now: number): string | null {
  const file = saved.replaceAll('%', '/');
  const directory = path.dirname(file);
  if (BY_NAME.includes(directory)) return file.includes('~') ? null : path.join(directory, name);
  const minutes = BY_OWNER.includes(directory) ? AT_JOB.exec(path.basename(file))?.[1] : undefined;
  return minutes === undefined || parseInt(minutes, 16) * 60_000 < now ? null : file;
}

/** Daemons read that directory, so the file is whole before it has a name that they know. @returns whether it is there. */
function putBack(from: string, to: string): boolean {
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

/** A copy has the time of what it was made from. */
function isCopy(a: string, b: string): boolean {
  const [one, other] = [lstatSync(a), lstatSync(b)];
  return one.isFile() && other.isFile() && one.size === other.size && one.mtimeMs === other.mtimeMs;
}

/** The directory and the note about the hook come into being together. */
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

/** Under a further name if another one lies there already; not at all if it is the same (a kill came in between). */
function copyAside(from: string, to: string): void {
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

/** Content, owner, mode and time of a plain file; links are not followed, and not copied. */
function copyFile(from: string, to: string): void {
  const source = openSync(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(source);
    if (!found.isFile()) throw new Error(`${from} is not a plain file: remove it`);
    const target = openSync(to, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
    try {
      const buffer = Buffer.alloc(65_536);
      let place = 0;
      for (let size = readSync(source, buffer); size > 0; size = readSync(source, buffer)) {
        for (let done = 0; done < size;) done += writeSync(target, buffer, done, size - done, place + done);
        place += size;
      }
      if (process.geteuid?.() === 0) fchownSync(target, found.uid, found.gid);
      fchmodSync(target, found.mode & 0o7777);
      futimesSync(target, found.atime, found.mtime);
      fsyncSync(target);
    } finally {
      closeSync(target);
    }
  } finally {
    closeSync(source);
  }
}

/** The owner of a plain file with one name, as cron(8) and atd(8) demand it; null for anything else. */
function isPlain(file: string): number | null {
  const found = lstatSync(file, { throwIfNoEntry: false });
  return found !== undefined && found.isFile() && found.nlink === 1 ? found.uid : null;
}

function listDirectory(root: string, directory: string): string[] {
  const place = path.join(root, directory);
  return lstatSync(place, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(place) : [];
}
