// Automatic cycles: while the Provisioning Status is on, one begins in each interval.
import { holdDirectory } from '../directory-lock.ts';
import { loadDirectory, saveDirectory } from '../directory.ts';
import { appendLog } from '../provisioning-log.ts';
import { findNextTry } from './quarantine.ts';
import { startCycle } from './start-cycle.ts';

export interface Schedule {
  /** Waits for a cycle that is running. */
  stop(): Promise<void>;
}

/**
 * @param every seconds between the end of a cycle and the next.
 * @param onFailure told the reason, such as a file that cannot be read; the schedule goes on.
 */
export function startSchedule(file: string, every: number, onFailure: (why: string) => void): Schedule {
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> = Promise.resolve();
  let isStopped = false;

  function plan(): void {
    if (isStopped) return;
    timer = setTimeout(() => {
      running = runOnce(file)
        .catch((error: unknown) => onFailure(error instanceof Error ? error.message : String(error)))
        .finally(plan);
    }, every * 1000);
  }
  plan();
  return {
    async stop() {
      isStopped = true;
      if (timer !== null) clearTimeout(timer);
      await running;
    },
  };
}

/** One cycle if it is due: provisioning is on, or a quarantine has waited long enough. */
async function runOnce(file: string): Promise<void> {
  await holdDirectory(file, async () => {
    const directory = loadDirectory(file);
    const next = findNextTry(directory);
    const { provisioning } = directory.application;
    if (provisioning === 'off' || (provisioning === 'quarantine' && (next === null || next > Date.now())))
      return;
    const at = new Date().toISOString();
    const { sort, log } = await startCycle(directory, false);
    appendLog(file, sort, log, at);
    saveDirectory(file, directory);
  });
}
