// What could not be done to the host, said once and not again with each pass that tries it.
import type { Applied } from '../../host/host.ts';
import type { Logger } from '../../common/log.ts';

export interface FailureLog {
  /** One line for each change that was done, that fails for the first time or otherwise, and that fails no longer. */
  note(pass: number, applied: readonly Applied[]): void;
}

/** Repeats after so many times, so that a log that was rotated still shows it. */
const REMIND_EVERY = 100;

export function createFailureLog(log: Logger): FailureLog {
  let known = new Map<string, number>();
  return {
    note(pass, applied) {
      const now = new Map<string, number>();
      for (const result of applied) {
        const { scimId, kind, name, because } = result.change;
        if (result.ok) {
          log.info({ pass, scimId, kind, name }, because);
          continue;
        }
        const key = `${kind} ${name}: ${result.problem}`;
        const times = (known.get(key) ?? 0) + 1;
        now.set(key, times);
        if (times % REMIND_EVERY === 1)
          log.error({ pass, scimId, kind, name, problem: result.problem, times }, because);
      }
      for (const [key, times] of known) if (!now.has(key)) log.info({ pass, times }, `over: ${key}`);
      known = now;
    },
  };
}
