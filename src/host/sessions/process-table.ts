// The processes of this node as proc(5) shows them: whose they are, whose login they come from, in which cgroup they run.
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import path from 'node:path';

/** Lower uids belong to the system, and their processes are never ended for a person. */
export const FIRST_UID = 1000;
/** (uid_t)-1: no login set it, pam_loginuid(8). */
const NO_LOGIN_UID = 4_294_967_295;

export interface RunningProcess {
  readonly pid: number;
  readonly parent: number;
  /** The first 15 bytes of the program's name, which every process may choose for itself; `\n` and `\\` are escaped. */
  readonly name: string;
  /** Real, effective, saved and file system uids of every thread that runs. */
  readonly uids: ReadonlySet<number>;
  /** The uid that logged in, whatever the process became later; null: none, or not known (a kernel without audit). */
  readonly loginUid: number | null;
  /** Lines of cgroups(7), `/proc/PID/cgroup`; empty if unknown. */
  readonly cgroup: string;
}

interface Status {
  readonly name: string;
  readonly parent: number;
  readonly threads: number;
  readonly uids: readonly number[];
  /** A zombie, or dead. */
  readonly isOver: boolean;
  /** A kernel thread has no memory. */
  readonly hasMemory: boolean;
}

/** Calls `visit` with each process at once, while its pid is still its own; without zombies and this process. */
export function visitProcesses(visit: (process: RunningProcess) => void, proc = '/proc'): void {
  for (const name of readdirSync(proc)) {
    const pid = /^\d+$/.test(name) ? Number(name) : 0;
    if (pid <= 1 || pid === process.pid) continue;
    const found = readProcess(pid, proc);
    if (found !== null) visit(found);
  }
}

/** Calls `visit` with the process that has the newest pid, as often as that is another one in so many looks. */
export function visitNewest(looks: number, visit: (process: RunningProcess) => void, proc = '/proc'): void {
  let last = 0;
  for (let look = 0; look < looks; look += 1) {
    // proc_loadavg(5): the fifth field.
    const pid = Number(read(path.join(proc, 'loadavg')).trim().split(' ')[4] ?? 0);
    if (pid === last || !(pid > 1)) continue;
    last = pid;
    const found = readProcess(pid, proc);
    if (found !== null) visit(found);
  }
}

/** @returns null: there is none, or it is over. */
export function readProcess(pid: number, proc = '/proc'): RunningProcess | null {
  const directory = path.join(proc, String(pid));
  const status = parseStatus(read(path.join(directory, 'status')));
  if (status === null) return null;
  const uids = new Set(status.isOver ? [] : status.uids);
  // A leader that exited is a zombie while its threads run; and a thread may have other uids than the leader.
  const isOfPerson = status.uids.some((uid) => uid >= FIRST_UID);
  if (status.threads > 1 && (status.isOver || isOfPerson)) addThreads(directory, pid, uids);
  if (uids.size === 0) return null;
  const { name, parent } = status;
  if (!status.hasMemory && !status.isOver) return { pid, parent, name, uids, loginUid: null, cgroup: '' };
  const login = read(path.join(directory, 'loginuid')).trim();
  const loginUid = /^\d+$/.test(login) && Number(login) !== NO_LOGIN_UID ? Number(login) : null;
  return { pid, parent, name, uids, loginUid, cgroup: read(path.join(directory, 'cgroup')) };
}

function addThreads(directory: string, leader: number, uids: Set<number>): void {
  for (const task of listOrNone(path.join(directory, 'task'))) {
    if (task === String(leader)) continue;
    const status = parseStatus(read(path.join(directory, 'task', task, 'status')));
    if (status !== null && !status.isOver) for (const uid of status.uids) uids.add(uid);
  }
}

/** The kernel escapes newlines alone in `Name:`, so lines end at `\n` and nowhere else (not at `\r`, as `^` would have it). */
function parseStatus(text: string): Status | null {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const uids = fields.get('Uid')?.trim().split('\t').map(Number) ?? [];
  if (uids.length !== 4 || !uids.every((uid) => Number.isInteger(uid))) return null;
  return {
    name: fields.get('Name')?.slice(1) ?? '',
    parent: Number(fields.get('PPid') ?? 0),
    threads: Number(fields.get('Threads') ?? 1),
    uids,
    isOver: /^\s*[ZXx]/.test(fields.get('State') ?? ''),
    hasMemory: fields.has('VmSize'),
  };
}

const buffer = Buffer.allocUnsafe(65_536);

/** Empty where the process ended meanwhile. Such a file comes in one read(2), which a scan of thousands is glad of. */
function read(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return '';
  }
  try {
    return buffer.toString('latin1', 0, readSync(descriptor, buffer, 0, buffer.length, null));
  } catch {
    return '';
  } finally {
    closeSync(descriptor);
  }
}

function listOrNone(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
