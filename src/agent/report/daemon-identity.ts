// Which process wrote a status, so that a reader can tell whether the daemon still runs; needs no root and no systemd.
import { existsSync, readFileSync, readlinkSync } from 'node:fs';

/** A process that no later one is taken for. */
export interface DaemonIdentity {
  readonly pid: number;
  /** proc_pid_stat(5), field 22: ticks from the boot to its start. */
  readonly started: number;
  /** pid_namespaces(7): what the pid is counted in. */
  readonly namespace: string;
}

/** This process; null where /proc does not tell. */
export function identifySelf(): DaemonIdentity | null {
  const started = readStart(process.pid);
  const namespace = readNamespace();
  return started === null || namespace === null ? null : { pid: process.pid, started, namespace };
}

/** Whether that process has ended. Where other processes are not visible (hidepid, another namespace) it is not known: false. */
export function hasEnded({ pid, started, namespace }: DaemonIdentity): boolean {
  if (readNamespace() !== namespace || !existsSync('/proc/1/stat')) return false;
  return readStart(pid) !== started;
}

function readNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

/** null: there is no such process, or it is a zombie. */
function readStart(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name may have blanks and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? null : Number(fields[19]);
  } catch {
    return null;
  }
}
