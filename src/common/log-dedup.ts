// The same failure, again and again, is said once, then counted, and its end is said too.
import type { Logger } from './log.ts';

export interface LogDedup {
  /** What is wrong now; null: nothing. */
  note(complaint: string | null): void;
}

/** Repeats after so many times, so that a log that was rotated still shows it. */
const REMIND_EVERY = 100;

export function createLogDedup(log: Logger): LogDedup {
  let last: string | null = null;
  let times = 0;
  return {
    note(complaint) {
      if (complaint === last) {
        times += 1;
        if (last !== null && times % REMIND_EVERY === 0) log.warn({ times }, last);
        return;
      }
      if (last !== null) log.info({ times }, `over: ${last}`);
      if (complaint !== null) log.warn(complaint);
      last = complaint;
      times = 1;
    },
  };
}
