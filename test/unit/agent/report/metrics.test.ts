// What Prometheus gets: the text of the exporter, and alert rules that use only what is exported.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createMetrics } from '../../../../src/agent/report/metrics.ts';
import type { SyncReport } from '../../../../src/agent/reconcile/sync-report.ts';
import { withLoginPath } from '../../../../src/agent/report/login-path.ts';
import { statusOf } from '../../../../src/agent/report/status.ts';
import { makeReport, NOW } from '../../../support/records/sample-report.ts';
import { STATUS } from '../../../support/slurm/submit-facts.ts';

const TALLY: SyncReport['tally'] = {
  changes: { 'account-close': { done: 2, failed: 1 } },
  held: { loss: 4 },
  quarantined: { 'active-malformed': 1 },
  refused: { 'key-private': 1, 'key-weak': 2 },
  keys: { 'ssh-ed25519': 5, 'sk-ssh-ed25519@openssh.com': 1 },
  activeAccounts: 3,
};

function statusFor(report: SyncReport) {
  const status = statusOf({
    report,
    now: NOW,
    mode: 'enforce',
    baseUrl: 'https://store.example/scim/org',
    lastContact: NOW - 10,
    lastComplete: NOW - 10,
    frozenUntil: NOW + 60,
    quarantined: [],
    formerRoot: [],
    maxAge: 604_800,
    agentHasNoNetwork: true,
    nextSync: null,
    daemon: null,
    hasSshdDropIn: true,
    host: null,
    nameRound: null,
    secrets: [],
  });
  const tried = { state: 'proven', at: NOW - 40, lastProven: NOW - 40, step: null, reason: '' } as const;
  return withLoginPath(status, tried);
}

async function exportAfter(...reports: SyncReport[]): Promise<string> {
  const metrics = createMetrics({ version: '1.2.3', config: { mode: 'enforce' } });
  for (const report of reports) metrics.count(report, statusFor(report));
  metrics.countTraffic({ statuses: { '200': 3, '401': 1, '429': 2, none: 1 }, retries: 2 });
  const counts = { current: 4997, behind: 0, faulty: 1, stale: 2 };
  metrics.showFleet({ followers: [], counts, malformed: 1, isCut: false }, NOW - 60);
  metrics.showSlurm({
    ...STATUS,
    at: NOW - 30,
    failure: { since: NOW - 20, problem: 'no answer' },
    associations: 7,
    problems: ['p'],
    held: [{ hash: 'h', kind: 'loss', reason: 'r', changes: 3, since: 1 }],
  });
  return metrics.render();
}

/** Each exported series: its name, and its labels with the values that were seen. */
function readSeries(text: string): Map<string, Map<string, Set<string>>> {
  const series = new Map<string, Map<string, Set<string>>>();
  for (const line of text.split('\n')) {
    const [, name, labels = ''] = /^([a-z_]+)(?:\{(.*)\})? [0-9.e+-]+$/.exec(line) ?? [];
    if (name === undefined) {
      expect(line).toMatch(/^(?:# .*)?$/);
      continue;
    }
    const known = series.get(name) ?? new Map<string, Set<string>>();
    for (const [, label = '', value = ''] of labels.matchAll(/([a-z]+)="([^"]*)"/g))
      known.set(label, (known.get(label) ?? new Set()).add(value));
    series.set(name, known);
  }
  return series;
}

describe('the metrics', () => {
  test('have the facts of a sync, in Prometheus’ text format', async () => {
    const text = await exportAfter(
      makeReport({ tally: TALLY, counts: { ...makeReport().counts, quarantined: 1 } }),
    );
    for (const line of [
      'sunk_agent_health 1',
      'sunk_agent_build_info{version="1.2.3"} 1',
      'sunk_agent_login_path{state="proven"} 1',
      `sunk_agent_login_path_last_proven_timestamp_seconds ${NOW - 40}`,
      `sunk_agent_last_complete_sync_timestamp_seconds ${NOW - 10}`,
      'sunk_agent_store_reachable 1',
      'sunk_agent_clock_skew_seconds 0.2',
      'sunk_agent_syncs_total{mode="full",outcome="agreed"} 1',
      'sunk_agent_step_duration_seconds_sum{step="fetch"} 0.012',
      'sunk_agent_step_size{step="fetch"} 1000',
      'sunk_agent_store_requests_total{status="429"} 2',
      'sunk_agent_store_requests_total{status="none"} 1',
      'sunk_agent_store_retries_total 2',
      'sunk_agent_changes_total{kind="account-close",result="failed"} 1',
      'sunk_agent_held_changes{kind="loss"} 4',
      `sunk_agent_frozen_until_timestamp_seconds ${NOW + 60}`,
      'sunk_agent_records{kind="user"} 3',
      'sunk_agent_managed_accounts{state="disabled"} 1',
      'sunk_agent_quarantined_records{reason="active-malformed"} 1',
      'sunk_agent_refusals{reason="key-weak"} 2',
      'sunk_agent_keys{type="ssh-ed25519"} 5',
      `sunk_agent_key_expiry_earliest_timestamp_seconds ${NOW + 500_000}`,
      'sunk_agent_active_accounts 3',
    ])
      expect(text.split('\n'), line).toContain(line);
  });

  test('add up changes, and drop series that are gone', async () => {
    const text = await exportAfter(makeReport({ tally: TALLY }), makeReport({ tally: TALLY }), makeReport());
    expect(text).toContain('sunk_agent_changes_total{kind="account-close",result="done"} 4\n');
    expect(text).not.toMatch(/^sunk_agent_(?:held_changes|quarantined_records|keys)\{/m);
  });

  test('report that the store is not reached, and keep the last known skew', async () => {
    const failure = { code: 'store_unreachable', message: 'no route', hint: '' };
    const text = await exportAfter(makeReport(), makeReport({ fetched: null, failure }));
    expect(text).toContain('sunk_agent_store_reachable 0\n');
    expect(text).toContain('sunk_agent_syncs_total{mode="full",outcome="failed"} 1\n');
    expect(text).toContain('sunk_agent_clock_skew_seconds 0.2\n');
  });

  test('escape quotes, newlines and terminal commands in a label', async () => {
    const hostile = 'a"b\\c\nsunk_agent_health 0\n\u001b[2J';
    const text = await exportAfter(makeReport({ tally: { ...TALLY, refused: { [hostile]: 1 } } }));
    expect(text).not.toMatch(/^sunk_agent_health 0$/m);
    expect(text).toContain('sunk_agent_refusals{reason="a\\"b\\\\\\\\c\\\\x0asunk_agent_health 0');
    expect(text).not.toContain('\u001b');
  });
});

describe('the names of 0.1.0', () => {
  const PAIRS = [
    ['last_pass_timestamp_seconds', 'last_sync_timestamp_seconds'],
    ['last_complete_pass_timestamp_seconds', 'last_complete_sync_timestamp_seconds'],
    ['passes_total', 'syncs_total'],
    ['accounts', 'managed_accounts'],
  ] as const;
  const LABELS: Readonly<Record<string, string>> = { cache: 'state', open: 'enabled', closed: 'disabled' };

  test('stand beside those of today with the same values, and announce their end', async () => {
    const failure = { code: 'store_unreachable', message: 'no route', hint: '' };
    const text = await exportAfter(
      makeReport(),
      makeReport({ mode: 'state', fetched: null }),
      makeReport({ mode: 'delta', fetched: null, failure }),
    );
    const valuesOf = (name: string): string[] =>
      text.split('\n').flatMap((line) => {
        const [, labels = '', value] = new RegExp(`^sunk_agent_${name}(\\{.*\\})? (\\S+)$`).exec(line) ?? [];
        return value === undefined
          ? []
          : [`${labels.replace(/"(\w+)"/g, (_, label: string) => `"${LABELS[label] ?? label}"`)} ${value}`];
      });
    for (const [old, current] of PAIRS) {
      expect(valuesOf(old).length, old).toBeGreaterThan(0);
      expect(valuesOf(old), old).toEqual(valuesOf(current));
      expect(text).toContain(
        `# HELP sunk_agent_${old} Old name of sunk_agent_${current}; it ends with the next release\n`,
      );
    }
  });
});

test('followers are counted by standing, beside the age of what they should have', async () => {
  const text = await exportAfter(makeReport());
  for (const line of [
    'sunk_agent_followers{standing="current"} 4997',
    'sunk_agent_followers{standing="stale"} 2',
    'sunk_agent_heartbeats_malformed 1',
    'sunk_agent_heartbeats_cut 0',
    `sunk_agent_published_timestamp_seconds ${NOW - 60}`,
  ])
    expect(text).toContain(`${line}\n`);
});

test('Slurm is shown as its last round found it', async () => {
  const text = await exportAfter(makeReport());
  for (const line of [
    `sunk_agent_slurm_last_round_timestamp_seconds ${NOW - 30}`,
    `sunk_agent_slurm_failing_since_timestamp_seconds ${NOW - 20}`,
    'sunk_agent_slurm_round_seconds 1',
    'sunk_agent_slurm_associations 7',
    'sunk_agent_slurm_findings{kind="failed"} 1',
    'sunk_agent_slurm_findings{kind="held"} 3',
    'sunk_agent_slurm_findings{kind="refused"} 0',
  ])
    expect(text).toContain(`${line}\n`);
});

describe('the alert rules', () => {
  interface Rule {
    readonly alert?: string;
    readonly record?: string;
    readonly expr: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  }
  const file = path.resolve(import.meta.dirname, '../../../../packaging/alerts/sunk-agent.rules.yaml');
  const { groups } = parse(readFileSync(file, 'utf8')) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);

  test('use only metrics and labels that are exported, under their names of today', async () => {
    const text = await exportAfter(makeReport({ tally: TALLY }));
    const series = readSeries(text);
    const oldNames = [...text.matchAll(/^# HELP (\S+) Old name of /gm)].map(([, name]) => name);
    const recorded = new Set(rules.map(({ record }) => record));
    for (const { alert = '', expr } of rules) {
      const names = [...expr.matchAll(/\bsunk_agent[a-z_:]*/g)].map(([name]) => name);
      expect(names.length, alert).toBeGreaterThan(0);
      for (const name of names)
        expect(series.has(name) || recorded.has(name), `${alert}: ${name}`).toBe(true);
      if (alert !== '') for (const name of names) expect(oldNames, alert).not.toContain(name);
      for (const [, name = '', matchers = ''] of expr.matchAll(/(sunk_agent[a-z_:]*)\{([^}]*)\}/g)) {
        for (const [, label = ''] of matchers.matchAll(/([a-z]+)\s*(?:=~|!~|!=|=)/g))
          expect([...(series.get(name)?.keys() ?? [])], `${alert}: ${name}{${label}}`).toContain(label);
      }
      for (const [, grouped = ''] of expr.matchAll(/by \(([^)]*)\)/g)) {
        const labels = new Set([
          'instance',
          ...names.flatMap((name) => [...(series.get(name)?.keys() ?? [])]),
        ]);
        for (const label of grouped.split(/,\s*/)) expect(labels, `${alert}: by ${label}`).toContain(label);
      }
    }
  });

  test('have a severity, a summary and a name of their own', () => {
    const alerts = rules.filter(({ alert }) => alert !== undefined);
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
    for (const { alert, labels, annotations } of alerts) {
      expect(labels?.['severity'], alert).toMatch(/^(?:warning|critical)$/);
      expect(annotations?.['summary'], alert).toBeTruthy();
    }
  });
});
