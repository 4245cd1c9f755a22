// Logs a repeated failure once, then every hundredth time, and its end.
import type { Logger } from './log.ts';

export interface Failure {
  /** Identifies the failure; two failures with the same text are the same. */
  readonly text: string;
  readonly level: 'warn' | 'error';
  readonly message: string;
  /** Further fields of its line. */
  readonly fields: object;
}

export interface LogDedup {
  /** The one failure of now, logged as a warning; null: none. */
  note(failure: string | null): void;
  /**
   * All failures of now; those that are missing have ended.
   * @param fields of every line that this writes.
   */
  noteAll(failures: readonly Failure[], fields?: object): void;
}

/** A log that was rotated must still show a lasting failure. */
const REMIND_EVERY = 100;

export function createLogDedup(log: Logger): LogDedup {
  /** How often in a row each failure was noted, by its text. */
  let known = new Map<string, number>();

  function noteAll(failures: readonly Failure[], fields: object = {}): void {
    const now = new Map(failures.map(({ text }) => [text, (known.get(text) ?? 0) + 1]));
    for (const [text, times] of known) if (!now.has(text)) log.info({ ...fields, times }, `over: ${text}`);
    for (const { text, level, message, fields: own } of failures) {
      const times = now.get(text) ?? 1;
      if (times % REMIND_EVERY === 1) log[level]({ ...fields, ...own, times }, message);
    }
    known = now;
  }

  return {
    noteAll,
    note: (failure) =>
      noteAll(failure === null ? [] : [{ text: failure, level: 'warn', message: failure, fields: {} }]),
  };
}
