// Ends what runs as root from the sessions of people who lost only sudo: `sudo -i`, tmux as root.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { sayCount } from '../../common/text/count-noun.ts';
import { listDirectory } from '../fs/list-directory.ts';
import { readText } from '../fs/read-text.ts';
import type { Person } from './find-jobs.ts';
import { killProcess } from './find-processes.ts';
import { findOwners, readInitial } from './process-owners.ts';
import { type RunningProcess, visitProcesses } from './process-table.ts';

const run = promisify(execFile);

const CLEAN_SCANS = 3;
const PAUSE_MS = 25;
const DEADLINE_MS = 2000;
const LOGIND_MS = 2000;
const SESSIONS = '/run/systemd/sessions';
/** The session of a login in a path of cgroups(7), directly below the slice of its user. */
const SESSION_SCOPE = /\/user\.slice\/user-(\d+)\.slice\/session-([A-Za-z0-9]+)\.scope(?:\/|$)/m;

/** Whether logind tells which session a process came out of; without it a root shell that detached is anybody's. */
export function hasLogind(): boolean {
  return existsSync('/run/systemd/seats');
}

/** A person who lost sudo, and when. */
export interface FormerSudoer extends Person {
  /** Epoch milliseconds. */
  readonly since: number;
}

interface RootShells {
  readonly pids: Set<number>;
  /** Sessions of logind that end whole. */
  readonly sessions: Set<string>;
}

/**
 * A session that has a process of root, besides the one that opened it, ends with all that is in it; other sessions of the
 * person stay. What left its session is known by its login uid or by its parents.
 * @returns by uid what outlived it, as a sentence; null: several scans found nothing.
 */
export async function endRootShells(people: readonly FormerSudoer[]): Promise<Map<number, string | null>> {
  const uids = new Map(people.map(({ uid, since }) => [uid, since]));
  const ended = new Set<string>();
  const deadline = performance.now() + DEADLINE_MS;
  let found = await findRootShells(uids);
  for (let clean = 0; clean < CLEAN_SCANS && performance.now() < deadline;) {
    const all = [...found.values()];
    for (const { pids } of all) for (const pid of pids) killProcess(pid);
    const sessions = all.flatMap((shells) => [...shells.sessions]).filter((session) => !ended.has(session));
    await Promise.all(sessions.map(endSession));
    for (const session of sessions) ended.add(session);
    await sleep(PAUSE_MS);
    found = await findRootShells(uids);
    clean = found.size === 0 ? clean + 1 : 0;
  }
  return new Map(people.map(({ name, uid }) => [uid, describeRest(name, found.get(uid)?.pids ?? null)]));
}

function describeRest(name: string, pids: ReadonlySet<number> | null): string | null {
  if (pids === null) return null;
  const count = sayCount(pids.size, 'process', 'processes');
  const first = [...pids].slice(0, 5).join(' ');
  return `${name} has ${count} in sessions with a root shell that outlived KILL: ${first}`;
}

/** One scan, by uid. This process, and the session that it runs in, are left to the sync of another process. */
async function findRootShells(uids: ReadonlyMap<number, number>): Promise<Map<number, RootShells>> {
  const processes: RunningProcess[] = [];
  visitProcesses((found) => void processes.push(found));
  const ownerOf = findOwned(processes, new Set(uids.keys()));
  const ofRoot = new Set(processes.flatMap(({ pid, uids: own }) => (own.has(0) ? [pid] : [])));
  const leaders = await readLeaders();
  const own = readSession(readFileSync('/proc/self/cgroup', 'latin1'))?.id;
  const shells = new Map<number, RootShells>();
  const endedBy = new Map<string, RootShells>();
  for (const found of processes) {
    const uid = ownerOf.get(found.pid);
    if (uid === undefined || !ofRoot.has(found.pid)) continue;
    // A set-uid program that the person started since (a sudo that is refused) is no shell of before.
    if (!ofRoot.has(found.parent) && isYounger(found.pid, uids.get(uid) ?? 0)) continue;
    const session = readSession(found.cgroup);
    if (leaders.has(found.pid) || opensSession(found, ownerOf) || (session !== null && session.id === own))
      continue;
    const entry = shells.get(uid) ?? { pids: new Set<number>(), sessions: new Set<string>() };
    shells.set(uid, entry);
    entry.pids.add(found.pid);
    if (session?.uid !== uid) continue;
    entry.sessions.add(session.id);
    endedBy.set(session.id, entry);
  }
  for (const { pid, cgroup } of processes) endedBy.get(readSession(cgroup)?.id ?? '')?.pids.add(pid);
  return shells;
}

/** Processes of these people's logins, slices or uids, and what descends from those. */
function findOwned(processes: readonly RunningProcess[], uids: ReadonlySet<number>): Map<number, number> {
  const context = { ranges: [], uidOf: () => null, isAccount: () => false, initial: readInitial() };
  const ownerOf = new Map<number, number>();
  for (const found of processes)
    for (const uid of findOwners(found, context)) if (uids.has(uid)) ownerOf.set(found.pid, uid);
  for (let size = -1; size !== ownerOf.size;) {
    size = ownerOf.size;
    for (const { pid, parent } of processes) {
      const uid = ownerOf.get(parent);
      if (uid !== undefined && !ownerOf.has(pid)) ownerOf.set(pid, uid);
    }
  }
  return ownerOf;
}

/** Whether a process started after that time, epoch milliseconds; proc_pid_stat(5): field 22, in hundredths since boot. */
function isYounger(pid: number, since: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const started = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) * 10;
    const uptime = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) * 1000;
    return Date.now() - uptime + started > since;
  } catch {
    return true;
  }
}

/** The connection's own process of sshd, which is root's for as long as the session lasts; without logind. */
function opensSession({ name, parent }: RunningProcess, ownerOf: ReadonlyMap<number, number>): boolean {
  return !hasLogind() && name.startsWith('sshd') && !ownerOf.has(parent);
}

function readSession(cgroup: string): { readonly uid: number; readonly id: string } | null {
  const [, uid, id] = SESSION_SCOPE.exec(cgroup) ?? [];
  return id === undefined ? null : { uid: Number(uid), id };
}

/** The processes that opened sessions, as logind has them. */
async function readLeaders(): Promise<Set<number>> {
  // Beside each a pipe, NAME.ref.
  const names = listDirectory(SESSIONS).filter((name) => !name.includes('.'));
  const texts = await Promise.all(names.map((name) => readText(path.join(SESSIONS, name))));
  return new Set(
    texts.flatMap(
      (text) =>
        /^LEADER=(\d+)$/m
          .exec(text ?? '')
          ?.slice(1)
          .map(Number) ?? [],
    ),
  );
}

/** All in it under one lock, which no fork outruns; then logind forgets it. */
async function endSession(session: string): Promise<void> {
  const call = (...words: string[]): Promise<unknown> =>
    run('loginctl', words, { timeout: LOGIND_MS }).catch(() => null);
  await call('kill-session', '--signal=KILL', session);
  await call('terminate-session', session);
}
