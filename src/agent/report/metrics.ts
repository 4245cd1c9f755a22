// The metrics of this node for Prometheus, kept from sync to sync. Loaded only if they are switched on.
import { createHash } from 'node:crypto';
import { type Gauge, Registry } from 'prom-client';
import type { Traffic } from '../../protocol/traffic.ts';
import type { Fleet } from '../../publish/judge-fleet.ts';
import { makePrintable } from '../../common/text/printable.ts';
import { isAgreed, type SyncReport } from '../reconcile/sync-report.ts';
import { defineMetrics, type Instruments } from './metric-definitions.ts';
import type { SlurmStatus } from '../slurm/slurm-status.ts';
import type { Status } from './status.ts';

export interface Metrics {
  /** Counts a sync that has ended. */
  count(report: SyncReport, status: Status): void;
  countTraffic(traffic: Traffic): void;
  /** @param publishedAt epoch seconds; null: nothing was published. */
  showFleet(fleet: Fleet, publishedAt: number | null): void;
  showSlurm(slurm: SlurmStatus): void;
  /** Prometheus' text format, 0.0.4. */
  render(): Promise<string>;
}

const HEALTH = { healthy: 0, degraded: 1, failing: 2 } as const;

/** What this process is, which does not change while it runs. */
export interface Identity {
  readonly version: string;
  /** The configuration in force. */
  readonly config: object;
}

/** A registry of its own, without the runtime's defaults, which systemd counts better. */
export function createMetrics({ version, config }: Identity): Metrics {
  const registry = new Registry();
  const metrics = defineMetrics(registry);
  metrics.build.set({ version }, 1);
  metrics.config.set(
    { hash: createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 16) },
    1,
  );
  return {
    count(report, status) {
      countSync(metrics, report, status);
      showState(metrics, report, status);
      countFirstNames(metrics, report, status);
    },
    countTraffic({ statuses, retries }) {
      for (const [status, n] of Object.entries(statuses)) metrics.requests.inc({ status }, n);
      metrics.retries.inc(retries);
    },
    showFleet({ counts, malformed, isCut }, publishedAt) {
      replace(metrics.followers, 'standing', counts);
      metrics.heartbeatsMalformed.set(malformed);
      metrics.heartbeatsCut.set(isCut ? 1 : 0);
      metrics.publishedAt.set(publishedAt ?? 0);
    },
    showSlurm({ at, seconds, failure, associations, problems, held, refusals }) {
      metrics.slurmRound.set(at ?? 0);
      metrics.slurmSeconds.set(seconds);
      metrics.slurmFailing.set(failure?.since ?? 0);
      metrics.slurmAssociations.set(associations);
      const heldChanges = held.reduce((sum, { changes }) => sum + changes, 0);
      const findings = { failed: problems.length, held: heldChanges, refused: refusals.length };
      replace(metrics.slurmFindings, 'kind', findings);
    },
    render: () => registry.metrics(),
  };
}

/** What the sync did. */
function countSync(metrics: Instruments, report: SyncReport, status: Status): void {
  metrics.lastSync.set(report.startedAt);
  metrics.lastComplete.set(status.store.lastComplete ?? 0);
  if (report.mode !== 'state') metrics.reachable.set(report.failure === null ? 1 : 0);
  if (report.fetched?.skew !== null && report.fetched !== null) metrics.skew.set(report.fetched.skew / 1000);
  metrics.syncs.inc({ mode: status.lastSync.mode, outcome: outcomeOf(report) });
  for (const [step, ms] of Object.entries(report.durations)) metrics.duration.observe({ step }, ms / 1000);
  if (report.fetched !== null) metrics.size.set({ step: 'fetch' }, report.fetched.bytes);
  metrics.size.set({ step: 'decide' }, report.changes.planned);
  metrics.size.set({ step: 'apply' }, report.changes.done + report.changes.failed);
  for (const [kind, { done, failed }] of Object.entries(report.tally.changes)) {
    metrics.changes.inc({ kind, result: 'done' }, done);
    metrics.changes.inc({ kind, result: 'failed' }, failed);
  }
}

/** How the node is after it. */
function showState(metrics: Instruments, report: SyncReport, status: Status): void {
  const { tally, keyExpiry, extended } = report;
  const { users, groups, accountsEnabled, accountsDisabled } = status.counts;
  replace(metrics.snapshot, 'snapshot', { [status.snapshot]: 1 });
  metrics.health.set(HEALTH[status.health]);
  const { loginPath } = status;
  replace(metrics.loginPath, 'state', loginPath ? { [loginPath.state]: 1 } : {});
  metrics.lastProven.set(loginPath?.lastProven ?? 0);
  replace(metrics.held, 'kind', tally.held);
  metrics.frozenUntil.set(status.guard.frozenUntil ?? 0);
  replace(metrics.records, 'kind', { user: users, group: groups });
  replace(metrics.accounts, 'state', { enabled: accountsEnabled, disabled: accountsDisabled });
  replace(metrics.quarantined, 'reason', tally.quarantined);
  replace(metrics.refused, 'reason', tally.refused);
  replace(metrics.keys, 'type', tally.keys);
  metrics.earliest.set(keyExpiry?.earliest ?? 0);
  metrics.latest.set(keyExpiry?.latest ?? 0);
  metrics.extended.set(extended?.accounts ?? 0);
  if (tally.activeAccounts !== null) metrics.active.set(tally.activeAccounts);
}

/** The names of 0.1.0, with the values of the names above. */
function countFirstNames({ first }: Instruments, report: SyncReport, status: Status): void {
  const { counts, lastPass, store } = status;
  first.lastPass.set(lastPass.at);
  first.lastComplete.set(store.lastComplete ?? 0);
  first.passes.inc({ mode: lastPass.mode, outcome: outcomeOf(report) });
  replace(first.accounts, 'state', { open: counts.accountsOpen, closed: counts.accountsClosed });
}

/** Drops the values of before, so that a label that is gone does not keep its last one. */
function replace<L extends string>(
  gauge: Gauge<L>,
  label: L,
  values: Readonly<Record<string, number>>,
): void {
  gauge.reset();
  for (const [value, n] of Object.entries(values))
    gauge.set({ [label]: makePrintable(value) } as Record<L, string>, n);
}

/** The same distinctions as the exit status of `sunk-agent sync`. */
function outcomeOf(report: SyncReport): 'agreed' | 'partly' | 'failed' {
  if (report.failure !== null) return 'failed';
  return isAgreed(report) ? 'agreed' : 'partly';
}
