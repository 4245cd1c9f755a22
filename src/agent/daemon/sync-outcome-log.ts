// What the daemon logs of its syncs: each outcome once, a failure until it is over.
import { describeError } from '../../common/errors.ts';
import type { Logger } from '../../common/log.ts';
import { createLogDedup } from '../../common/log-dedup.ts';
import { nameRefusal } from '../../common/system-error.ts';
import type { SyncReport } from '../reconcile/sync-report.ts';

export interface SyncOutcomeLog {
  /** @param stateFault why the state database cannot be written; null: it can. */
  noteReport(report: SyncReport, stateFault: string | null): void;
  /** The sync threw. */
  noteFailure(error: unknown): void;
}

export function createSyncOutcomeLog(log: Logger): SyncOutcomeLog {
  const failures = createLogDedup(log);
  const stateFaults = createLogDedup(log);
  const warnings = createLogDedup(log);
  let lastStanding = '0 0';

  return {
    noteReport(report, stateFault) {
      const { fetched, failure, changes } = report;
      failures.note(failure === null ? null : `the store could not be read: ${failure.message}`);
      stateFaults.note(stateFault === null ? null : `no access is granted: ${stateFault}`);
      if (fetched?.mode === 'full')
        warnings.note(fetched.warnings.map(({ detail }) => detail).join('; ') || null);
      const { done, failed, held } = changes;
      // An unchanged outcome is not logged again: a quiet sync is one debug line.
      const standing = `${failed} ${held}`;
      const isQuiet = done === 0 && standing === lastStanding;
      lastStanding = standing;
      const { n, mode, snapshot, durations } = report;
      log[isQuiet ? 'debug' : failed > 0 ? 'error' : 'info'](
        { sync: n, mode, snapshot, done, failed, held, ms: durations },
        'sync ended',
      );
    },
    noteFailure: (error) => failures.note(`the sync failed: ${describeError(nameRefusal(error))}`),
  };
}
