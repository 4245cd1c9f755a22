// Services that run as a person and start again after each kill: named, because only an administrator can end them.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { listDirectory } from '../fs/list-directory.ts';
import type { Person } from './find-jobs.ts';
import type { RunningProcess } from './process-table.ts';

const run = promisify(execFile);

const TIMEOUT_MS = 2000;
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

/** Which of these services run as that person and are not over: they start again, or are about to. */
export async function findRestarting(services: Iterable<string>, person: Person): Promise<string[]> {
  const found: string[] = [];
  for (const service of services) {
    const { user, state } = await askSystemd(service);
    if ((user === person.name || user === String(person.uid)) && LIVING.includes(state)) found.push(service);
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

/** Uids of people with a remembered service that is not over. */
export async function readRestarting(directory: string): Promise<Set<number>> {
  const uids = new Set<number>();
  for (const name of listDirectory(directory)) {
    if (!/^\d+$/.test(name)) continue;
    const services = readFileSync(path.join(directory, name), 'utf8').split('\n').filter(Boolean);
    for (const service of services)
      if (LIVING.includes((await askSystemd(service)).state)) uids.add(Number(name));
  }
  return uids;
}

async function askSystemd(service: string): Promise<{ readonly user: string; readonly state: string }> {
  const command = ['show', '--property=User,ActiveState', '--', service];
  const { stdout } = await run('systemctl', command, { timeout: TIMEOUT_MS }).catch(() => ({ stdout: '' }));
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(stdout)?.[1] ?? '';
  return { user: value('User'), state: value('ActiveState') };
}
