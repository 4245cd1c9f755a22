// Logs each change that was applied, and repeated failures to apply one only once.
import { createLogDedup, type Failure } from '../../common/log-dedup.ts';
import type { Logger } from '../../common/log.ts';
import type { Applied } from '../../host/host.ts';

export interface FailureLog {
  /** One line for each change that was applied, for each new failure, and for each failure that has ended. */
  note(sync: number, applied: readonly Applied[]): void;
}

export function createFailureLog(log: Logger): FailureLog {
  const dedup = createLogDedup(log);
  return {
    note(sync, applied) {
      const failures: Failure[] = [];
      for (const result of applied) {
        const { scimId, kind, name, because } = result.change;
        if (result.ok) {
          log.info({ sync, scimId, kind, name }, because);
          continue;
        }
        const { problem } = result;
        failures.push({
          text: `${kind} ${name}: ${problem}`,
          level: 'error',
          message: because,
          fields: { scimId, kind, name, problem },
        });
      }
      dedup.noteAll(failures, { sync });
    },
  };
}
