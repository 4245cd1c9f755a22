// What a daemon and its reader use of the machine, from proc(5).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** USER_HZ, in which processor time is counted on every Linux that we build for. */
const TICKS_PER_SECOND = 100;

/** A process and its children. */
export function findFamily(pid: number): number[] {
  const children = readProc(`${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return [pid, ...children];
}

/** All processes of a container: those of the pid namespace of one of them. */
export function findContainer(pid: number): number[] {
  const namespace = linkOf(pid);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((one) => linkOf(one) === namespace);
}

function linkOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null;
  }
}

/** Proportional set size in MB (10^6 bytes): shared pages are divided among those who share them. */
export function readPss(pids: readonly number[]): number {
  return pids
    .map((pid) => Number(/^Pss:\s+(\d+) kB/m.exec(readProc(`${pid}/smaps_rollup`))?.[1] ?? 0))
    .reduce((sum, kib) => sum + (kib * 1024) / 1e6, 0);
}

/** Seconds of user and system time so far, with those of children that ended. */
export function readCpu(pids: readonly number[]): number {
  return pids
    .flatMap((pid) =>
      readProc(`${pid}/stat`)
        .replace(/^.*\) /, '')
        .split(' ')
        .slice(11, 15)
        .map((ticks) => Number(ticks) / TICKS_PER_SECOND),
    )
    .reduce((sum, seconds) => sum + seconds, 0);
}

/** The largest sum of PSS of a process and its children, in MB, looked at ten times a second until it is stopped. */
export function watchPeak(pid: number): { stop(): number } {
  let peak = 0;
  const timer = setInterval(() => {
    peak = Math.max(peak, readPss(findFamily(pid)));
  }, 100);
  return {
    stop() {
      clearInterval(timer);
      return peak;
    },
  };
}

/** Empty for a process that ended meanwhile. */
function readProc(file: string): string {
  try {
    return readFileSync(`/proc/${file}`, 'utf8').trim();
  } catch {
    return '';
  }
}
