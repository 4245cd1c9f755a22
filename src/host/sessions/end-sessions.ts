// Ends every process of people who leave: at once, for all of them together, and scans again until nothing is left.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { sayCount } from '../../common/text/count-noun.ts';
import type { Person } from './find-jobs.ts';
import { findProcessesOf, killProcess, type KnownUids } from './find-processes.ts';
import { chooseSpareUid, killByUid } from './kill-by-uid.ts';
import { readSlice } from './process-owners.ts';
import { FIRST_UID } from './process-table.ts';
import {
  findRestarting,
  findTriggered,
  noteRestarting,
  type Triggered,
  UNANSWERED,
} from './restarting-units.ts';

const run = promisify(execFile);

/** A single scan may miss a process that was born behind it. */
const CLEAN_SCANS = 3;
const PAUSE_MS = 25;
/** What was killed for so long and is still the same waits for a device. */
const STUCK_MS = 800;
/** After this time of new processes the next sync goes on, so that nothing waits behind one person. */
const DEADLINE_MS = 3000;
/** However long a round takes on a busy machine. */
const MIN_ROUNDS = 6;
const LOGIND_MS = 2000;
/** Every so many rounds with processes of a service, systemd is asked whether it starts again. */
const ROUNDS_OF_RESTARTS = 4;

interface Leaver extends Person {
  clean: number;
  rounds: number;
  readonly services: Set<string>;
  readonly supervisors: Set<string>;
  left: readonly number[];
  /** Since when the processes that are left are the same ones; performance.now(). */
  sameSince: number;
}

/**
 * Kills all processes of these people: of their uid in any of its four forms, of their subordinate uids, and all that
 * their logins and sessions started, as root too. No TERM first: it would give a program time to escape.
 * @param restarting directory in which services are remembered that start again.
 * @returns by uid what outlived it, as a sentence with the unit; null: several scans found nothing.
 */
export async function endSessions(
  people: readonly Person[],
  restarting: string,
): Promise<Map<number, string | null>> {
  const outcome = new Map<number, string | null>();
  const leavers: Leaver[] = [];
  for (const person of people) {
    if (Number.isInteger(person.uid) && person.uid >= FIRST_UID) leavers.push(createLeaver(person));
    else outcome.set(person.uid, `uid ${person.uid} is not a managed one`);
  }
  const logind = leavers.map(({ uid }) => killSlice(uid));
  const asked = findTriggered(leavers);
  const known: KnownUids = new Map();
  const deadline = performance.now() + DEADLINE_MS;
  for (let pending = leavers; pending.length > 0; await sleep(PAUSE_MS)) {
    await killRound(pending, known);
    const isLast = performance.now() >= deadline;
    const results = await Promise.all(pending.map((leaver) => judge(leaver, restarting, isLast)));
    pending = pending.filter(({ uid }, index) => {
      const result = results[index];
      if (result !== undefined) outcome.set(uid, result);
      return result === undefined;
    });
  }
  const triggered = await asked;
  for (const leaver of leavers) {
    if (outcome.get(leaver.uid) !== null) continue;
    const units = triggered?.get(leaver.uid) ?? [];
    if (triggered === null) outcome.set(leaver.uid, nameUnanswered(leaver, restarting));
    else if (units.length > 0) outcome.set(leaver.uid, nameTriggered(leaver, units, restarting));
  }
  await Promise.all(logind);
  return outcome;
}

/** Nothing of the person runs now; whether that stays so is asked again by the next sync. */
function nameUnanswered({ name, uid }: Person, restarting: string): string {
  noteRestarting(restarting, uid, [UNANSWERED]);
  return `systemd did not answer in time: whether a service starts again as ${name} is not known`;
}

/** Nothing of the person runs now, and a timer is about to start it. */
function nameTriggered({ name, uid }: Person, units: readonly Triggered[], restarting: string): string {
  const triggers = [...new Set(units.map(({ trigger }) => trigger))];
  noteRestarting(restarting, uid, triggers);
  const said = units.map(
    ({ service, trigger }) => `${service} runs as ${name} whenever ${trigger} starts it`,
  );
  return `${said.join(', ')}: systemctl disable --now ${triggers.join(' ')}`;
}

function createLeaver({ name, uid }: Person): Leaver {
  const sameSince = performance.now();
  return { name, uid, clean: 0, rounds: 0, services: new Set(), supervisors: new Set(), left: [], sameSince };
}

/** Finds and kills once. By uid always: a chain of short-lived processes is seen by no scan. */
async function killRound(leavers: readonly Leaver[], known: KnownUids): Promise<void> {
  const found = findProcessesOf(leavers, killProcess, known);
  for (const leaver of leavers) {
    const processes = found.byUid.get(leaver.uid) ?? [];
    const left = processes.map(({ pid }) => pid);
    if (left.join() !== leaver.left.join()) leaver.sameSince = performance.now();
    leaver.left = left;
    leaver.clean = left.length === 0 ? leaver.clean + 1 : 0;
    leaver.rounds += 1;
    for (const { service, supervisor } of processes) {
      if (service !== null) leaver.services.add(service);
      if (supervisor !== null) leaver.supervisors.add(supervisor);
    }
  }
  const spare = chooseSpareUid(found.usedUids);
  const uids = [...leavers.map(({ uid }) => uid), ...found.subordinateUids];
  if (spare !== null) await killByUid(uids, spare);
}

/** What the scans for a person have found so far. */
export interface Scans {
  /** In a row, up to the last one, that found nothing. */
  readonly clean: number;
  readonly rounds: number;
  /** Processes that the last scan found. */
  readonly left: number;
  /** Milliseconds for which those were the same. */
  readonly sameMs: number;
}

/** Whether it is known that all have ended, or that some outlive it. A last scan that found nothing needs two more, late or not. */
export function isDecided({ clean, rounds, left, sameMs }: Scans, isLast: boolean): boolean {
  if (left === 0) return clean >= CLEAN_SCANS;
  return sameMs >= STUCK_MS || (isLast && rounds >= MIN_ROUNDS);
}

/** @returns what is to be said of a person; null: several scans found nothing; undefined: it is not over yet. */
async function judge(
  leaver: Leaver,
  restarting: string,
  isLast: boolean,
): Promise<string | null | undefined> {
  const { name, uid, services, supervisors, clean, left, rounds } = leaver;
  const isClean = clean >= CLEAN_SCANS;
  const isOver = isDecided(
    { clean, rounds, left: left.length, sameMs: performance.now() - leaver.sameSince },
    isLast,
  );
  if (!isOver && (services.size === 0 || rounds % ROUNDS_OF_RESTARTS !== 0)) return undefined;
  const units = await findRestarting(services, leaver);
  if (!isOver && (units === null || units.length === 0)) return undefined;
  if (units === null && isClean) return nameUnanswered(leaver, restarting);
  noteRestarting(restarting, uid, units ?? [UNANSWERED]);
  if (units !== null && units.length > 0)
    return `${units.join(' and ')} runs as ${name} and starts again after each kill: systemctl disable --now ${units[0]}`;
  const [service] = supervisors;
  if (service !== undefined)
    return `${service} starts processes of ${name} again after each kill: remove that service`;
  if (isClean) return null;
  const where = services.size === 0 ? '' : ` in ${[...services].join(' and ')}`;
  const count = sayCount(left.length, 'process', 'processes');
  return `${name} (uid ${uid}) has ${count}${where} that outlived KILL: ${left.slice(0, 5).join(' ')}`;
}

/**
 * Has logind kill the person's slice, with processes of root that fork in it, and forget the sessions. What it has begun
 * is waited for: a unit that fails afterwards would make the whole node degraded, and /run/user/UID would stay.
 */
async function killSlice(uid: number): Promise<void> {
  if (!existsSync('/run/systemd/seats') || !existsSync(`/run/systemd/users/${uid}`)) return;
  const call = async (...words: string[]): Promise<boolean> =>
    run(words[0] ?? '', words.slice(1), { timeout: LOGIND_MS }).then(
      () => true,
      () => false,
    );
  // An operator who revokes themselves: logind would end this process before its work is done.
  if (readSlice(readFileSync('/proc/self/cgroup', 'latin1')) === uid) return;
  await call('loginctl', 'kill-user', '--signal=KILL', String(uid));
  await call('loginctl', 'terminate-user', String(uid));
  const manager = `user@${uid}.service`;
  const runtime = `user-runtime-dir@${uid}.service`;
  await call('systemctl', 'stop', manager, runtime);
  // Killed with the slice before it was done: what it had to take away is still mounted.
  if (await call('systemctl', '--quiet', 'is-failed', runtime)) {
    await call('systemctl', 'restart', runtime);
    await call('systemctl', 'stop', runtime);
  }
  await call('systemctl', 'reset-failed', manager, runtime);
}
