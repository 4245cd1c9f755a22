// Finds the processes of certain people on this node, with what descends from them, and tells which uids are in use.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Person } from './find-jobs.ts';
import { findOwners, type OwnerContext, readInitial } from './process-owners.ts';
import { FIRST_UID, type RunningProcess, visitNewest, visitProcesses } from './process-table.ts';
import { readService, readSupervisor } from './restarting-units.ts';
import { findSubordinateOwner, readSubordinateUids } from './subordinate-ids.ts';

const GETENT_MS = 1000;
/** Of so many uids in subordinate ranges it is asked whether they are accounts; what is not asked of stays. */
const MAX_QUESTIONS = 256;

export interface FoundProcess {
  readonly pid: number;
  readonly service: string | null;
  readonly supervisor: string | null;
}

export interface FoundProcesses {
  readonly byUid: ReadonlyMap<number, readonly FoundProcess[]>;
  /** Subordinate uids of these people that processes have. */
  readonly subordinateUids: readonly number[];
  /** Every uid that a process has. */
  readonly usedUids: ReadonlySet<number>;
}

/** How often a scan looks at the newest process: each look takes some ten microseconds. */
const NEWEST_LOOKS = 100;

/**
 * One scan, and then looks at the newest process again and again: a chain in which each process lives for a moment is in
 * no list, but its pid is the last one that was given. What descends from a process of a person is theirs too (a root shell of sudo), unless it is this process.
 * @param onFound called with each as soon as it is found.
 * @param known is added to.
 */
export function findProcessesOf(
  people: readonly Person[],
  onFound: (pid: number) => void,
  known: KnownUids,
): FoundProcesses {
  const processes: RunningProcess[] = [];
  const usedUids = new Set<number>();
  const context = createContext(people, known);
  const wanted = new Set(people.map(({ uid }) => uid));
  const logins = new Map(people.map(({ name, uid }) => [name, uid]));
  const ownersOf = new Map<number, Set<number>>();
  const visit = (found: RunningProcess): void => {
    for (const uid of found.uids) usedUids.add(uid);
    if (found.parent === process.pid || found.pid === process.pid) return;
    processes.push(found);
    const owners = findOwners(found, context).intersection(wanted);
    const login = found.uids.size === 1 && found.uids.has(0) ? readLogin(found) : null;
    const uid = login === null ? undefined : logins.get(login);
    if (uid !== undefined) owners.add(uid);
    if (owners.size === 0) return;
    ownersOf.set(found.pid, owners);
    onFound(found.pid);
  };
  visitProcesses(visit);
  visitNewest(NEWEST_LOOKS, visit);
  addDescendants(processes, ownersOf, onFound);
  const byPid = new Map(processes.map((found) => [found.pid, found]));
  const byUid = new Map<number, FoundProcess[]>();
  for (const [pid, owners] of ownersOf) {
    const found = byPid.get(pid);
    if (found === undefined) continue;
    const entry = {
      pid,
      service: readService(found.cgroup),
      supervisor: readSupervisor(byPid.get(found.parent)),
    };
    for (const uid of owners) byUid.set(uid, [...(byUid.get(uid) ?? []), entry]);
  }
  return { byUid, subordinateUids: listSubordinateUids(usedUids, context, wanted), usedUids };
}

/** A parent has mostly the lower pid, but pids start again from the bottom: until nothing is added. */
function addDescendants(
  processes: readonly RunningProcess[],
  ownersOf: Map<number, Set<number>>,
  onFound: (pid: number) => void,
): void {
  for (let isGrowing = true; isGrowing;) {
    isGrowing = false;
    for (const { pid, parent } of processes) {
      const owners = ownersOf.get(parent);
      if (owners === undefined || ownersOf.has(pid)) continue;
      ownersOf.set(pid, owners);
      onFound(pid);
      isGrowing = true;
    }
  }
}

/** The name that a connection of sshd is logging in as, by the title that its root process has; null: it is none. */
function readLogin({ pid, name }: RunningProcess): string | null {
  if (!name.startsWith('sshd')) return null;
  try {
    const title = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    return /^sshd(?:-session|-auth)?: ([^\s\0]+) \[priv\]/.exec(title)?.[1] ?? null;
  } catch {
    return null;
  }
}

/** What was found out about uids, from one scan to the next. */
export type KnownUids = Map<number, boolean>;

function createContext(people: readonly Person[], known: KnownUids): OwnerContext {
  const byName = new Map(people.map(({ name, uid }) => [name, uid]));
  const uids = new Set(byName.values());
  const uidOf = (owner: string): number | null => byName.get(owner) ?? null;
  const ranges = readSubordinateUids('/').filter(({ owner }) => uids.has(uidOf(owner) ?? Number(owner)));
  const isAccount = (uid: number): boolean => {
    let answer = known.get(uid);
    if (answer === undefined) known.set(uid, (answer = known.size >= MAX_QUESTIONS || askForAccount(uid)));
    return answer;
  };
  return { ranges, uidOf, isAccount, initial: readInitial() };
}

/** Whether this node resolves the uid, by any name service; when it does not answer, yes. */
function askForAccount(uid: number): boolean {
  const { status } = spawnSync('getent', ['passwd', String(uid)], { timeout: GETENT_MS, stdio: 'ignore' });
  // getent(1): 2, no such key.
  return status !== 2;
}

function listSubordinateUids(
  used: ReadonlySet<number>,
  context: OwnerContext,
  wanted: ReadonlySet<number>,
): number[] {
  return [...used].filter(
    (uid) =>
      uid >= FIRST_UID &&
      !wanted.has(uid) &&
      findSubordinateOwner(context.ranges, uid) !== null &&
      !context.isAccount(uid),
  );
}

/** Uids of people with processes, by uid, login, slice or subordinate uid; without those of the system. */
export function findActiveUids(uidOf: (name: string) => number | null = () => null): Set<number> {
  const ranges = readSubordinateUids('/');
  const context = { ranges, uidOf, isAccount: () => false, initial: readInitial() };
  const active = new Set<number>();
  const visit = (found: RunningProcess): void => {
    for (const uid of findOwners(found, context)) active.add(uid);
  };
  visitProcesses(visit);
  // A chain that a friend starts of a set-uid copy is all that such a person may have.
  visitNewest(NEWEST_LOOKS, visit);
  return active;
}

export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It ended meanwhile.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
