// Whose departure ends a process: by its uids, its login, the slice of its session, and its subordinate uids.
import { readFileSync } from 'node:fs';
import { FIRST_UID, type RunningProcess } from './process-table.ts';
import { findSubordinateOwner, type SubordinateRange } from './subordinate-ids.ts';

/** The first slice of a user in a path of cgroups(7): below it a person may name cgroups as they like. */
const USER_SLICE = /\/user\.slice\/user-(\d+)\.slice(?:\/|$)/;

/** Takes /run/user/UID away after the last session, as root in the person's slice (user-runtime-dir@.service(5)). */
const RUNTIME_DIRECTORY = /\/user\.slice\/user-(\d+)\.slice\/user-runtime-dir@\1\.service$/m;

export interface OwnerContext {
  readonly ranges: readonly SubordinateRange[];
  /** The uid of a name of subuid(5); null: it is not asked about. */
  uidOf(owner: string): number | null;
  /** Whether the uid is an account of its own, which no range of another person makes theirs. */
  isAccount(uid: number): boolean;
  /** Login and slice that all processes have from the first one: a person started this container, which tells nothing. */
  readonly initial: { readonly loginUid: number | null; readonly slice: number | null };
}

/** The uid in whose slice a process runs; null: in none. */
export function readSlice(cgroup: string): number | null {
  for (const line of cgroup.split('\n')) {
    const uid = USER_SLICE.exec(line)?.[1];
    if (uid !== undefined) return Number(uid);
  }
  return null;
}

/** Login and slice of the first process, which its children start with. */
export function readInitial(proc = '/proc'): OwnerContext['initial'] {
  const read = (file: string): string => {
    try {
      return readFileSync(`${proc}/1/${file}`, 'latin1');
    } catch {
      return '';
    }
  };
  const login = read('loginuid').trim();
  return { loginUid: login === '' ? null : Number(login), slice: readSlice(read('cgroup')) };
}

/** Killed, it would leave what the person had there, and a failed unit. A child of systemd that no login started. */
function isOfSystemd({ parent, uids, loginUid, cgroup }: RunningProcess): boolean {
  return parent === 1 && loginUid === null && [...uids].join() === '0' && RUNTIME_DIRECTORY.test(cgroup);
}

/** Uids of the people who own the process: mostly one or none. */
export function findOwners(found: RunningProcess, context: OwnerContext): Set<number> {
  const { ranges, initial } = context;
  const owners = new Set<number>();
  for (const uid of found.uids) {
    if (uid < FIRST_UID) continue;
    owners.add(uid);
    const owner = findSubordinateOwner(ranges, uid);
    const person = owner === null ? null : /^\d+$/.test(owner) ? Number(owner) : context.uidOf(owner);
    if (person !== null && person !== uid && !owners.has(person) && !context.isAccount(uid))
      owners.add(person);
  }
  const slice = isOfSystemd(found) ? null : readSlice(found.cgroup);
  if (found.loginUid !== null && found.loginUid !== initial.loginUid) owners.add(found.loginUid);
  if (slice !== null && slice !== initial.slice) owners.add(slice);
  for (const uid of owners) if (uid < FIRST_UID) owners.delete(uid);
  return owners;
}
