// Ends the sessions and processes of a user on this node: logind first, then every process of the uid.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { sayCount } from '../../common/text/count-noun.ts';

const run = promisify(execFile);

/** Lower uids belong to the system, and their processes are never signalled. */
const FIRST_UID = 1000;
const GRACE_MS = 1000;
const TIMEOUT_MS = 10_000;
const POLL_MS = 100;

/**
 * Ends sessions and processes: `loginctl terminate-user` where logind runs, TERM, a short grace time, then KILL until no
 * process remains.
 * @throws Error when processes outlive KILL (uninterruptible I/O); the next sync tries again.
 */
export async function endSessions(uid: number): Promise<void> {
  if (!Number.isInteger(uid) || uid < FIRST_UID) throw new RangeError(`uid ${uid} is not a managed one`);
  if (existsSync('/run/systemd/seats')) {
    // It fails where the user has no session; the processes are ended below in any case.
    await run('loginctl', ['terminate-user', String(uid)], { timeout: TIMEOUT_MS }).catch(() => null);
  }
  signalAll(uid, 'SIGTERM');
  for (const deadline = performance.now() + GRACE_MS; performance.now() < deadline; await sleep(POLL_MS)) {
    if (findProcesses(uid).length === 0) return;
  }
  for (const deadline = performance.now() + TIMEOUT_MS; performance.now() < deadline; await sleep(POLL_MS)) {
    signalAll(uid, 'SIGKILL');
    if (findProcesses(uid).length === 0) return;
  }
  throw new Error(
    `uid ${uid} has ${sayCount(findProcesses(uid).length, 'process', 'processes')} that outlived KILL`,
  );
}

/** Every process with that real, effective, saved or file system uid (proc(5)), without zombies. */
export function findProcesses(uid: number): number[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid <= 1 || pid === process.pid) return [];
    const status = readStatus(pid);
    if (/^State:\s+[ZX]/m.test(status)) return [];
    const uids = /^Uid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/).map(Number) ?? [];
    return uids.includes(uid) ? [pid] : [];
  });
}

/** Uids with processes, without those of the system. */
export function findActiveUids(): Set<number> {
  const active = new Set<number>();
  for (const name of readdirSync('/proc')) {
    const uid = /^\d+$/.test(name) ? Number(/^Uid:\s+(\d+)/m.exec(readStatus(Number(name)))?.[1] ?? 0) : 0;
    if (uid >= FIRST_UID) active.add(uid);
  }
  return active;
}

function signalAll(uid: number, signal: NodeJS.Signals): void {
  for (const pid of findProcesses(uid)) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      // The process ended meanwhile.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return '';
  }
}
