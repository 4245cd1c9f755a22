// The metrics of this node for Prometheus, kept from pass to pass. Loaded only if they are switched on.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Traffic } from '../../protocol/traffic.ts';
import { makePrintable } from '../../common/printable.ts';
import { isAgreed, type SyncReport } from '../reconcile/sync-report.ts';
import type { Status } from './status.ts';

export interface Metrics {
  /** A pass is over. */
  count(report: SyncReport, status: Status): void;
  countTraffic(traffic: Traffic): void;
  /** Prometheus' text format, 0.0.4. */
  render(): Promise<string>;
}

/** Seconds; a pass over 100,000 users takes some. */
const BUCKETS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300];

const HEALTH = { healthy: 0, degraded: 1, failing: 2 } as const;

/** A registry of our own; the runtime's defaults are left out, for systemd counts those better. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = <L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
  ): Gauge<L> => new Gauge({ name: `sunk_agent_${name}`, help, labelNames, registers });
  const counter = <L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
  ): Counter<L> => new Counter({ name: `sunk_agent_${name}`, help, labelNames, registers });

  const health = gauge('health', '0 healthy, 1 degraded, 2 failing');
  const lastPass = gauge('last_pass_timestamp_seconds', 'When the last pass began');
  const lastComplete = gauge(
    'last_complete_pass_timestamp_seconds',
    'When the last pass began that read the store from end to end; 0: never',
  );
  const reachable = gauge('store_reachable', 'Whether the store answered when it was last asked');
  const skew = gauge('clock_skew_seconds', 'This node’s clock less the store’s');
  const passes = counter('passes_total', 'Passes by mode and outcome', ['mode', 'outcome']);
  const duration = new Histogram({
    name: 'sunk_agent_step_duration_seconds',
    help: 'How long each step of a pass took',
    labelNames: ['step'],
    buckets: BUCKETS,
    registers,
  });
  const size = gauge(
    'step_size',
    'Size of each step of the last pass: bytes fetched, changes decided, changes applied',
    ['step'],
  );
  const requests = counter('store_requests_total', 'Requests to the store by HTTP status; none: no answer', [
    'status',
  ]);
  const retries = counter('store_retries_total', 'Requests that were made again');
  const changes = counter('changes_total', 'Changes to this node by kind and result', ['kind', 'result']);
  const held = gauge('held_changes', 'Changes that the guard holds, by kind: loss, gain, vanished, frozen', [
    'kind',
  ]);
  const frozenUntil = gauge('frozen_until_timestamp_seconds', 'Until when this node is frozen; 0: it is not');
  const records = gauge('records', 'Records of the store in the mirror', ['kind']);
  const accounts = gauge('accounts', 'Managed accounts by state', ['state']);
  const quarantined = gauge('quarantined_records', 'Records in quarantine by reason', ['reason']);
  const refused = gauge('refusals', 'What the policy refuses, by reason', ['reason']);
  const keys = gauge('keys', 'Keys that sshd accepts, by type', ['type']);
  const earliest = gauge(
    'key_expiry_earliest_timestamp_seconds',
    'When the first key stops working; 0: none does',
  );
  const latest = gauge(
    'key_expiry_latest_timestamp_seconds',
    'When the last key stops working; 0: none does',
  );
  const extended = gauge('extended_accounts', 'Accounts whose keys live on by an operator’s word');
  const active = gauge('active_accounts', 'Managed accounts that run something now');

  return {
    count(report, status) {
      health.set(HEALTH[status.health]);
      lastPass.set(report.startedAt);
      lastComplete.set(status.store.lastComplete ?? 0);
      if (report.mode !== 'cache') reachable.set(report.failure === null ? 1 : 0);
      if (report.heard?.skew !== null && report.heard !== null) skew.set(report.heard.skew / 1000);
      passes.inc({ mode: report.mode, outcome: outcomeOf(report) });
      for (const [step, ms] of Object.entries(report.durations)) duration.observe({ step }, ms / 1000);
      if (report.heard !== null) size.set({ step: 'fetch' }, report.heard.bytes);
      size.set({ step: 'decide' }, report.changes.planned);
      size.set({ step: 'apply' }, report.changes.done + report.changes.failed);
      const { tally } = report;
      for (const [kind, { done, failed }] of Object.entries(tally.changes)) {
        changes.inc({ kind, result: 'done' }, done);
        changes.inc({ kind, result: 'failed' }, failed);
      }
      replace(held, 'kind', tally.held);
      frozenUntil.set(status.guard.frozenUntil ?? 0);
      replace(records, 'kind', { user: report.counts.users, group: report.counts.groups });
      replace(accounts, 'state', { open: report.counts.accountsOpen, closed: report.counts.accountsClosed });
      replace(quarantined, 'reason', tally.quarantined);
      replace(refused, 'reason', tally.refused);
      replace(keys, 'type', tally.keys);
      earliest.set(report.keyExpiry?.earliest ?? 0);
      latest.set(report.keyExpiry?.latest ?? 0);
      extended.set(report.extended?.accounts ?? 0);
      if (tally.activeAccounts !== null) active.set(tally.activeAccounts);
    },
    countTraffic(traffic) {
      for (const [status, n] of Object.entries(traffic.statuses)) requests.inc({ status }, n);
      retries.inc(traffic.retries);
    },
    render: () => registry.metrics(),
  };
}

/** What is no longer there must not keep its last value. */
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
