// Services that run as a person and start again, after each kill or by a timer: named, because only an administrator can end them.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { listDirectory } from '../fs/list-directory.ts';
import type { Person } from './find-jobs.ts';
import type { RunningProcess } from './process-table.ts';

const run = promisify(execFile);

/** Kills wait for the answer about one unit. */
const UNIT_MS = 2000;
/** A busy systemd takes seconds to tell all of hundreds of units. */
const ALL_UNITS_MS = 5000;
/** Kept in place of units where systemd did not answer; no unit has this name. */
export const UNANSWERED = '?';
const SERVICE = /\/system\.slice\/(?:[^/\n]+\.slice\/)*([^/\n]+\.service)(?:\/|$)/m;
const LIVING = ['active', 'activating', 'reloading', 'deactivating'];

/** The system service in which a process runs, `NAME.service`; null: in none. */
export function readService(cgroup: string): string | null {
  return SERVICE.exec(cgroup)?.[1] ?? null;
}

/** The service of s6-supervise(8) or runsv(8) whose child a process is, as their command line names it; null: none. */
export function readSupervisor(parent: RunningProcess | undefined, proc = '/proc'): string | null {
  if (parent === undefined || !/^(?:s6-supervise|runsv|supervise)$/.test(parent.name)) return null;
  try {
    const words = readFileSync(path.join(proc, String(parent.pid), 'cmdline'), 'latin1').split('\0');
    return `${parent.name} ${words[1] ?? ''}`.replace(/[^\w ./@:-]/g, '?').slice(0, 100);
  } catch {
    return null;
  }
}

/**
 * Which of these services run as that person and are not over: they start again, or are about to.
 * @returns null: systemd did not answer.
 */
export async function findRestarting(
  services: Iterable<string>,
  { name, uid }: Person,
): Promise<string[] | null> {
  const found: string[] = [];
  for (const service of services) {
    const said = await askSystemd(service);
    if (said === null) return null;
    if ((said.user === name || said.user === String(uid)) && LIVING.includes(said.state)) found.push(service);
  }
  return found;
}

/** A service that runs as a person, and the timer, socket or path that starts it. */
export interface Triggered {
  readonly service: string;
  readonly trigger: string;
}

/**
 * By uid; systemd.unit(5): TriggeredBy=. A trigger that is not active starts nothing.
 * @returns null: systemd did not answer.
 */
export async function findTriggered(people: readonly Person[]): Promise<Map<number, Triggered[]> | null> {
  const found = new Map<number, Triggered[]>();
  const uids = new Map(
    people.flatMap(({ name, uid }) => [[name, uid] as const, [String(uid), uid] as const]),
  );
  const services = await showUnits('Id,User,TriggeredBy', '*.service', ALL_UNITS_MS);
  if (services === null) return null;
  for (const properties of services) {
    const uid = uids.get(properties.get('User') ?? '');
    if (uid === undefined) continue;
    const service = properties.get('Id') ?? '';
    for (const trigger of (properties.get('TriggeredBy') ?? '').split(' ').filter(Boolean)) {
      const said = await askSystemd(trigger);
      if (said === null) return null;
      if (LIVING.includes(said.state)) found.set(uid, [...(found.get(uid) ?? []), { service, trigger }]);
    }
  }
  return found;
}

/** Remembers the services that run as a person, while they pause between two starts; none: forgets them. */
export function noteRestarting(directory: string, uid: number, services: readonly string[]): void {
  const file = path.join(directory, String(uid));
  if (services.length === 0) {
    if (existsSync(file)) rmSync(file);
    return;
  }
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  writeFileSync(file, services.map((service) => `${service}\n`).join(''));
}

/** Uids of people with a remembered service of which it is not known that it is over. */
export async function readRestarting(directory: string): Promise<Set<number>> {
  const uids = new Set<number>();
  for (const name of listDirectory(directory)) {
    if (!/^\d+$/.test(name)) continue;
    const services = readFileSync(path.join(directory, name), 'utf8').split('\n').filter(Boolean);
    if (services.includes(UNANSWERED) || (await areLiving(services))) uids.add(Number(name));
  }
  return uids;
}

/** Whether one of them is, or systemd did not say. */
async function areLiving(services: readonly string[]): Promise<boolean> {
  for (const service of services) {
    const said = await askSystemd(service);
    if (said === null || LIVING.includes(said.state)) return true;
  }
  return false;
}

async function askSystemd(unit: string): Promise<{ readonly user: string; readonly state: string } | null> {
  const units = await showUnits('User,ActiveState', unit, UNIT_MS);
  if (units === null) return null;
  const [properties] = units;
  return { user: properties?.get('User') ?? '', state: properties?.get('ActiveState') ?? '' };
}

/**
 * systemctl(1), `show`: a block of lines `NAME=VALUE` a unit; of a pattern all that are loaded, also inactive ones.
 * @returns null: systemd runs and did not answer, which is not the same as no unit.
 */
async function showUnits(
  properties: string,
  pattern: string,
  timeout: number,
): Promise<Map<string, string>[] | null> {
  // sd_booted(3)
  if (!existsSync('/run/systemd/system')) return [];
  const command = ['show', '--all', `--property=${properties}`, '--', pattern];
  const said = await run('systemctl', command, { timeout, maxBuffer: 64 << 20 }).catch(() => null);
  if (said === null) return null;
  return said.stdout.split('\n\n').map((block) => {
    const lines = block.split('\n').filter((line) => line.includes('='));
    return new Map(
      lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  });
}
