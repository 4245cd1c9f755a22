// What a figure depends on beside the code: the machine, in one line, and what it had to do already.
import { cpus, loadavg, release, totalmem } from 'node:os';

export function describeMachine(): string {
  const [first] = cpus();
  const model = first?.model.trim() || 'a processor without a name';
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${model}, ${cpus().length} cores, ${memory} GiB of memory, Linux ${release()}, Node ${process.versions.node}`;
}

/** Runnable threads, the mean over the last minute (proc_loadavg(5)). */
export function readLoad(): number {
  return Math.round((loadavg()[0] ?? Number.NaN) * 100) / 100;
}
