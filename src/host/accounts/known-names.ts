// Who the node knows besides the account files: subuid(5), subgid(5), and what cron, at and logind run for a user.
import { closeSync, constants, lstatSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import type { IdRange, Location } from '../../policy/in-use.ts';
import { hasCode, readLatin1 } from '../fs/read-text.ts';
import { listDirectory } from '../fs/list-directory.ts';
import { BY_NAME, BY_OWNER } from '../sessions/find-jobs.ts';

export interface KnownNames {
  readonly names: Map<string, Location>;
  readonly uids: Map<number, Location>;
  readonly uidRanges: IdRange[];
  readonly gidRanges: IdRange[];
}

/** at(1) writes the user of a job into its first lines. */
const AT_HEAD_BYTES = 4096;

/** Reads all of them below `root`; what is missing names none. */
export function readKnownNames(root: string): KnownNames {
  const known: KnownNames = { names: new Map(), uids: new Map(), uidRanges: [], gidRanges: [] };
  addSubordinate(root, 'etc/subuid', known, known.uidRanges);
  addSubordinate(root, 'etc/subgid', known, known.gidRanges);
  addCrontabs(root, known);
  for (const directory of BY_NAME) addByName(root, directory, known);
  for (const directory of BY_OWNER) addAtJobs(root, directory, known);
  return known;
}

/** The first bytes of a file of any size; empty where it went meanwhile, or where only root may read it. */
function readHead(file: string): string {
  const buffer = Buffer.alloc(AT_HEAD_BYTES);
  try {
    const descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return buffer.toString('latin1', 0, readSync(descriptor, buffer));
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    if (['ENOENT', 'ELOOP'].some((code) => hasCode(cause, code))) return '';
    if (hasCode(cause, 'EACCES') && process.geteuid?.() !== 0) return '';
    throw cause;
  }
}

function list(root: string, directory: string): string[] {
  try {
    return listDirectory(path.join(root, directory));
  } catch (cause) {
    if (hasCode(cause, 'EACCES') && process.geteuid?.() !== 0) return [];
    throw cause;
  }
}

const addOnce = <K>(map: Map<K, Location>, key: K, location: Location): void => {
  if (!map.has(key)) map.set(key, location);
};

/** `owner:first:count`; the owner may be a uid. */
function addSubordinate(root: string, file: string, { names, uids }: KnownNames, ranges: IdRange[]): void {
  for (const [index, line] of readLatin1(root, file).split('\n').entries()) {
    const [, owner = '', first, count] =
      /^\s*([^:#\s][^:]*)(?::\s*(0x[\da-f]+|\d+))?(?::\s*(0x[\da-f]+|\d+))?/i.exec(line) ?? [];
    if (owner === '') continue;
    const location = `/${file}:${index + 1}`;
    if (/^\d+$/.test(owner)) addOnce(uids, Number(owner), location);
    else addOnce(names, owner.trim(), location);
    if (first === undefined) continue;
    const low = toNumber(first);
    ranges.push({ low, high: low + Math.max(1, toNumber(count ?? '1')) - 1, location });
  }
}

/** As strtoull(3) with the base 0, by which the shadow tools read subuid(5): 0x and a leading 0 are other bases. */
function toNumber(text: string): number {
  return /^0[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number(text);
}

/** The sixth field, or the one after `@daily` and the like, is the user in the system's own crontabs (crontab(5)). */
function addCrontabs(root: string, { names }: KnownNames): void {
  const files = ['etc/crontab', ...list(root, 'etc/cron.d').map((name) => `etc/cron.d/${name}`)];
  for (const file of files) {
    for (const [index, line] of readLatin1(root, file).split('\n').entries()) {
      const [, user] =
        /^\s*(?:@\w+|(?:[-*/,~\w]+\s+){4}[-*/,~\w]+)\s+(?:-\s*)?([^\s#=]+)\s+\S/.exec(line) ?? [];
      if (user !== undefined) addOnce(names, user, `/${file}:${index + 1}`);
    }
  }
}

function addByName(root: string, directory: string, { names }: KnownNames): void {
  for (const name of list(root, directory)) {
    const file = path.join(directory, name);
    if (lstatSync(path.join(root, file), { throwIfNoEntry: false })?.isFile() === true)
      addOnce(names, name, `/${file}`);
  }
}

/** atd(8) runs a job as its file's owner; the job names the user for mail, and the uid, in comments of its head. */
function addAtJobs(root: string, directory: string, { names, uids }: KnownNames): void {
  for (const name of list(root, directory)) {
    const file = path.join(directory, name);
    const found = lstatSync(path.join(root, file), { throwIfNoEntry: false });
    if (found?.isFile() !== true) continue;
    addOnce(uids, found.uid, `/${file}`);
    const head = readHead(path.join(root, file));
    const uid = /^# atrun uid=(\d+)/m.exec(head)?.[1];
    const user = /^# mail\s+(\S+)/m.exec(head)?.[1];
    if (uid !== undefined) addOnce(uids, Number(uid), `/${file}`);
    if (user !== undefined) addOnce(names, user, `/${file}`);
  }
}
