// Alert rules and dashboard in a real Prometheus, over the metrics as the agent exports them.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createMetrics } from '../../../src/agent/report/metrics.ts';
import { withLoginPath } from '../../../src/agent/report/login-path.ts';
import { statusOf } from '../../../src/agent/report/status.ts';
import { makeReport } from '../../support/records/sample-report.ts';
import { describeWith } from '../../support/requirements.ts';

const PACKAGING = path.resolve(import.meta.dirname, '../../../packaging');
const RULES = path.join(PACKAGING, 'alerts/sunk-agent.rules.yaml');
const DASHBOARD = path.join(PACKAGING, 'dashboards/sunk-agent.json');

/** As Grafana sets it for a scrape each second. */
const RATE_INTERVAL = '4s';

interface Panel {
  readonly title: string;
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}
const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as { panels: Panel[] };

/** What a node exports now: a sync that held, refused and changed something, and a trial login that failed. */
async function exportNow(): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const metrics = createMetrics({ version: '1.2.3', config: { mode: 'enforce' } });
  const report = makeReport({
    startedAt: now - 20,
    keyExpiry: { earliest: now + 600_000, latest: now + 600_000 },
    tally: {
      changes: { 'account-close': { done: 2, failed: 1 } },
      held: { loss: 4 },
      quarantined: { 'active-malformed': 1 },
      refused: { 'key-weak': 2 },
      keys: { 'ssh-ed25519': 5 },
      activeAccounts: 3,
    },
  });
  const status = statusOf({
    report,
    now,
    mode: 'enforce',
    baseUrl: 'https://store.example/scim/org',
    lastContact: now - 10,
    lastComplete: now - 10,
    frozenUntil: 0,
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
  const failed = {
    state: 'failed',
    at: now - 5,
    lastProven: now - 600,
    step: 'account',
    reason: 'x',
  } as const;
  metrics.count(report, withLoginPath(status, failed));
  metrics.countTraffic({ statuses: { '200': 3 }, retries: 2 });
  return metrics.render();
}

describeWith(['prometheus', 'promtool'], 'a real Prometheus', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'prometheus-'));
  let node: Server;
  let prometheus: ChildProcess;
  let address: string;

  const ask = async (route: string): Promise<{ status: string; data: Record<string, unknown> }> =>
    (await (await fetch(`http://${address}/api/v1/${route}`)).json()) as never;
  const query = async (expr: string): Promise<unknown[]> => {
    const { status, data } = await ask(`query?query=${encodeURIComponent(expr)}`);
    expect(status, expr).toBe('success');
    return data['result'] as unknown[];
  };

  beforeAll(async () => {
    node = createServer((_, response) => void exportNow().then((text) => response.end(text)));
    await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
    const { port } = node.address() as AddressInfo;
    const config = path.join(directory, 'prometheus.yaml');
    writeFileSync(
      config,
      JSON.stringify({
        global: { scrape_interval: '1s', evaluation_interval: '1s' },
        rule_files: [RULES],
        // Two nodes, by two of their names.
        scrape_configs: [
          {
            job_name: 'sunk-agent',
            static_configs: [{ targets: [`127.0.0.1:${port}`, `localhost:${port}`] }],
          },
        ],
      }),
    );
    prometheus = spawn(
      'prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${path.join(directory, 'data')}`,
        '--web.listen-address=127.0.0.1:0',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let log = '';
    prometheus.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
    address = await vi.waitFor(
      () => {
        const [, found] = /address=(127\.0\.0\.1:[1-9]\d*)/.exec(log) ?? [];
        if (found === undefined) throw new Error(log);
        return found;
      },
      { timeout: 50_000 },
    );
    await vi.waitFor(
      async () => expect(await query('count_over_time(sunk_agent_health[1m]) >= 4')).toHaveLength(2),
      { timeout: 50_000, interval: 250 },
    );
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => prometheus.once('exit', resolve));
    prometheus.kill('SIGKILL');
    await ended;
    node.closeAllConnections();
    node.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('accepts the alert rules', () => {
    expect(execFileSync('promtool', ['check', 'rules', RULES], { encoding: 'utf8' })).toContain('SUCCESS');
  });

  test.each(panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)))(
    'has data for the panel: %s',
    async (_, expr) => {
      expect((await query(expr.replaceAll('$__rate_interval', RATE_INTERVAL))).length).toBeGreaterThan(0);
    },
  );

  test('fires once for a fault of all nodes, with their number', async () => {
    const { data } = await ask('rules');
    const groups = data['groups'] as { rules: { name: string; health: string; lastError?: string }[] }[];
    for (const rule of groups.flatMap(({ rules }) => rules))
      expect([rule.name, rule.lastError ?? ''], rule.name).toEqual([rule.name, '']);
    const alerts = (await ask('alerts')).data['alerts'] as {
      labels: Record<string, string>;
      annotations: Record<string, string>;
    }[];
    const of = (name: string) => alerts.filter(({ labels }) => labels['alertname'] === name);
    expect(of('SunkAgentLoginFails')).toHaveLength(1);
    expect(of('SunkAgentLoginFails')[0]?.annotations).toMatchObject({
      summary: 'No login works on 2 nodes',
      description: expect.stringMatching(/127\.0\.0\.1:\d+ .*localhost:\d+|localhost:\d+ .*127\.0\.0\.1:\d+/),
    });
    expect(of('SunkAgentGuardHolds')).toHaveLength(1);
    expect(of('SunkAgentAbsent')).toEqual([]);
    expect(of('SunkAgentSilent')).toEqual([]);
  });

  test('tells when no node has metrics any more, and how many have lost them', () => {
    const file = path.join(directory, 'absent.yaml');
    const series = (name: string, values: string) => ({ series: name, values });
    writeFileSync(
      file,
      JSON.stringify({
        rule_files: [RULES],
        evaluation_interval: '1m',
        tests: [
          {
            interval: '1m',
            input_series: [
              series('sunk_agent_last_sync_timestamp_seconds{instance="a"}', '0+60x60'),
              series('sunk_agent_last_sync_timestamp_seconds{instance="b"}', '0+60x10 stale _x50'),
            ],
            alert_rule_test: [
              {
                eval_time: '40m',
                alertname: 'SunkAgentVanished',
                exp_alerts: [
                  {
                    exp_labels: { severity: 'warning' },
                    exp_annotations: {
                      summary: '1 nodes have no metrics of sunk-agent any more',
                      description:
                        'They had some within the last two hours. A node that was taken down is among them. Five of them: b ',
                    },
                  },
                ],
              },
              { eval_time: '40m', alertname: 'SunkAgentAbsent', exp_alerts: [] },
            ],
          },
        ],
      }),
    );
    expect(execFileSync('promtool', ['test', 'rules', file], { encoding: 'utf8' })).toContain('SUCCESS');
  });
});
