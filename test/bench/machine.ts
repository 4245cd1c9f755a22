// What a figure depends on beside the code: the machine, in one line, and what it had to do already.
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

export function describeMachine(): string {
  const [first] = cpus();
  const model = first?.model.trim() || 'a processor without a name';
  const memory = Math.round(totalmem() / 2 ** 30);
  const priority = isRealTime() ? ', at real-time priority' : '';
  return `${model}, ${cpus().length} cores, ${memory} GiB of memory, Linux ${release()}, Node ${process.versions.node}${priority}`;
}

/** Whether chrt(1) started this, so that other programs take no time from it; proc_pid_stat(5): field 41, the policy. */
function isRealTime(): boolean {
  const stat = readFileSync('/proc/self/stat', 'latin1');
  return ['1', '2'].includes(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38] ?? '');
}

/** Runnable threads, the mean over the last minute (proc_loadavg(5)). */
export function readLoad(): number {
  return Math.round((loadavg()[0] ?? Number.NaN) * 100) / 100;
}
