// The report of a sync, for the tests of what is made from one.
import type { SyncReport } from '../../../src/agent/reconcile/sync-report.ts';

/** Epoch seconds. */
export const NOW = 1_800_000_000;

/** A sync without changes, but for `more`. */
export function makeReport(more: Partial<SyncReport> = {}): SyncReport {
  return {
    n: 7,
    startedAt: NOW - 10,
    mode: 'full',
    fetched: {
      mode: 'full',
      complete: { User: true, Group: true },
      problems: [],
      ingested: { added: 0, changed: 0, gone: 0, renewed: 0, quarantined: 0, unreadable: 0, missed: 0 },
      serverTime: (NOW - 10) * 1000,
      skew: 200,
      scope: 'ab',
      isAnswered: true,
      warnings: [],
      requests: 3,
      retries: 0,
      bytes: 1000,
    },
    failure: null,
    snapshot: '0123456789abcdef',
    counts: { users: 3, groups: 1, accountsEnabled: 2, accountsDisabled: 1, quarantined: 0, refused: 0 },
    changes: { planned: 0, done: 0, failed: 0, held: 0 },
    held: [],
    unknown: null,
    refusals: [],
    problems: [],
    keyExpiry: { earliest: NOW + 500_000, latest: NOW + 600_000 },
    extended: null,
    durations: { fetch: 12, decide: 3, apply: 0 },
    tally: { changes: {}, held: {}, quarantined: {}, refused: {}, keys: {}, activeAccounts: null },
    ...more,
  };
}
