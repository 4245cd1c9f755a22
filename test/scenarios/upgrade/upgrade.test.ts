// An upgrade from 0.1.0: today's commands on the state that its code left (record.ts) keep all that it decided.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SyncReport } from '../../../src/agent/reconcile/sync-report.ts';
import { statusSchema } from '../../../src/agent/report/status-schema.ts';
import { decodeReport, encodeReport } from '../../../src/state/syncs/report-codec.ts';
import { makeThrowawayRoot } from '../../support/nodes/throwaway-root.ts';

const FIXTURE = path.join(import.meta.dirname, '0.1.0.tar.gz');
const CLI = path.resolve(import.meta.dirname, '../../../src/cli/main.ts');

interface Change {
  readonly kind: string;
  readonly name: string;
}

interface Plan {
  readonly changes: readonly Change[];
  readonly held: readonly {
    readonly hash: string;
    readonly kind: string;
    readonly changes: readonly Change[];
  }[];
}

interface FirstStatus {
  readonly writtenAt: number;
  readonly snapshot: string;
  readonly store: { readonly lastHeard: number; readonly lastComplete: number };
  readonly counts: { readonly accountsOpen: number; readonly accountsClosed: number };
  readonly lastPass: { readonly n: number; readonly mode: string };
  readonly extended: unknown;
}

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'upgrade-'));
  execFileSync('tar', ['--extract', '--preserve-permissions', '--file', FIXTURE, '--directory', root]);
});
afterEach(() => rmSync(root, { recursive: true }));

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
// What the commands of 0.1.0 printed.
const readFirstPlan = (): Plan => JSON.parse(read('printed/plan.json')) as Plan;
const readFirstStatus = (): FirstStatus => JSON.parse(read('printed/status.json')) as FirstStatus;

/** A command of today, a minute after the last one of 0.1.0. */
async function run(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const back = Math.floor(Date.now() / 1000) - readFirstStatus().writtenAt - 60;
  const clock = `const now = Date.now; Date.now = () => now() - ${back * 1000};`;
  const preload = `data:text/javascript,${encodeURIComponent(clock)}`;
  const child = spawn(process.execPath, ['--import', preload, CLI, ...args, '--root', root], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status: child.exitCode, stdout, stderr };
}

async function runJson<T>(...args: string[]): Promise<T> {
  return JSON.parse((await run(...args, '--json')).stdout) as T;
}

/** Every row of a table of the state database, each as text. */
function readTable(table: string, below = root): string[] {
  const database = new Database(path.join(below, 'var/lib/sunk-agent/cache/mirror.sqlite'));
  try {
    return database
      .prepare(`SELECT * FROM ${table}`)
      .all()
      .map((row) => JSON.stringify(row))
      .sort();
  } finally {
    database.close();
  }
}

/** The keys of each stored report of a sync: 0.1.0 must be able to read them after a downgrade. */
function readReports(below = root): { report: string[]; counts: string[]; heard: string[] }[] {
  return readTable('pass', below).map((row) => {
    const report = JSON.parse((JSON.parse(row) as { report: string }).report) as Record<
      string,
      object | null
    >;
    const keysOf = (value: object | null | undefined): string[] => Object.keys(value ?? {}).sort();
    return { report: keysOf(report), counts: keysOf(report['counts']), heard: keysOf(report['heard']) };
  });
}

/** The account files, the key files and the lists of operators. */
function readNode(): Record<string, string> {
  const keys = 'var/lib/sunk-agent/authorized_keys';
  const files = [
    ...['passwd', 'group', 'shadow', 'gshadow', 'sudoers.d/sunk-agent'].map((name) => `etc/${name}`),
    ...['approved', 'blocked'].map((name) => `etc/sunk-agent/${name}`),
    'var/lib/sunk-agent/extended',
    ...readdirSync(path.join(root, keys)).map((name) => `${keys}/${name}`),
  ];
  return Object.fromEntries(files.map((file) => [file, read(file)]));
}

const SUDOERS = 'etc/sudoers.d/sunk-agent';

/** The sudo rules are written anew, by uid. */
const withoutSudo = (files: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).filter(([file]) => file !== SUDOERS));

const HELD = ['ivan', 'jana', 'kurt', 'lena', 'mario', 'nora'];
const lineOf = (file: string, name: string): string[] =>
  (
    read(file)
      .split('\n')
      .find((line) => line.startsWith(`${name}:`)) ?? ''
  ).split(':');
const isEnabled = (name: string): boolean =>
  !(lineOf('etc/passwd', name)[6] ?? '').endsWith('/nologin') && lineOf('etc/shadow', name)[7] !== '1';

test('the fixture is small', () => {
  expect(statSync(FIXTURE).size).toBeLessThan(300_000);
});

describe('on the state of 0.1.0', () => {
  test('the plan is the same, change by change, and its held set has the same hash', async () => {
    const before = readFirstPlan();
    const after = await runJson<Plan>('plan');
    // Sudo is given by uid since: its file is written once.
    const [rules] = after.changes.filter(({ kind }) => kind === 'sudoers-write');
    expect(after.changes.filter((change) => change !== rules)).toEqual(before.changes);
    // All but the wording of the reason: hash, kind, changes and the time since when it is held.
    const unworded = (held: Plan['held']) => held.map((set) => ({ ...set, reason: '' }));
    expect(unworded(after.held)).toEqual(unworded(before.held));
    expect(after.held).toHaveLength(1);
    const sessions = after.held[0]?.changes.filter(({ kind }) => kind === 'sessions-end') ?? [];
    expect(sessions.map(({ name }) => name).sort()).toEqual(HELD);
    // No session ends and no account is disabled but what the guard holds.
    const held = new Set(after.held.flatMap((set) => set.changes.map((change) => JSON.stringify(change))));
    expect(after.changes.filter((change) => !held.has(JSON.stringify(change)))).toEqual([rules]);
  });

  test('a status of version 1 is read under the names of version 2', async () => {
    const before = readFirstStatus();
    const status = statusSchema.strict().parse(await runJson('status'));
    expect(status).toMatchObject({
      schema_version: 2,
      store: { lastContact: before.store.lastHeard, lastComplete: before.store.lastComplete },
      counts: {
        accountsEnabled: before.counts.accountsOpen,
        accountsDisabled: before.counts.accountsClosed,
      },
      lastSync: { n: before.lastPass.n, mode: 'state' },
    });
    expect(status).toMatchObject(before);
    const { status: exit, stdout } = await run('status');
    expect(exit).toBe(1);
    expect(stdout).toMatch(/^ {2}last sync {2}7 \(state\) \d+ s ago: 1 change, 0 failed$/m);
  });

  test('a sync changes no account, key, list and binding, and keeps the times of the last contact', async () => {
    const node = readNode();
    const ledger = readTable('binding');
    const before = readFirstStatus();
    // It approves what was approved before, so that only its sync acts.
    const { status, stdout } = await run('approve', read('etc/sunk-agent/approved').split(' ')[0] ?? '');
    expect({ status, stdout }).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^sync 8 \(state\)/),
    });
    expect(withoutSudo(readNode())).toEqual(withoutSudo(node));
    expect(read(SUDOERS)).toMatch(/^#\d+ /m);
    expect(readTable('binding')).toEqual(ledger);
    const after = await runJson<FirstStatus>('status');
    expect(after).toMatchObject({
      snapshot: before.snapshot,
      store: { lastHeard: before.store.lastHeard, lastComplete: before.store.lastComplete },
      // 0.1.0 counted what it planned; those whose loss the guard holds can log in.
      counts: {
        ...before.counts,
        accountsOpen: before.counts.accountsOpen + HELD.length,
        accountsClosed: before.counts.accountsClosed - HELD.length,
      },
      lastPass: { n: 8, mode: 'cache' },
      extended: before.extended,
    });
  });

  test('the pending set can be approved by its hash, and nothing else happens', async () => {
    const [set] = readFirstPlan().held;
    expect(HELD.map(isEnabled)).toEqual(HELD.map(() => true));
    expect(await run('approve', set?.hash ?? '')).toMatchObject({ status: 0 });
    expect(HELD.map(isEnabled)).toEqual(HELD.map(() => false));
    expect(['alice', 'carol', 'emil', 'frida', 'georg', 'hanna'].map(isEnabled)).not.toContain(false);
    expect(await runJson<Plan>('plan')).toMatchObject({ changes: [], held: [] });
  });

  test('a block stays, and unblock restores the account with its uid and home', async () => {
    const [, , uid, gid, , home] = lineOf('etc/passwd', 'bob');
    expect(isEnabled('bob')).toBe(false);
    expect(await run('unblock', 'bob')).toMatchObject({ status: 0 });
    expect(isEnabled('bob')).toBe(true);
    expect(lineOf('etc/passwd', 'bob').slice(2, 6)).toEqual([uid, gid, '', home]);
    expect(isEnabled('dora')).toBe(false);
  });

  test('the history has every event, under both names of the sync', async () => {
    const events = (history: string): Record<string, unknown>[] =>
      history
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    const before = events(read('printed/history.json'));
    // Since then each event names the person.
    const after = events((await run('history', '--json')).stdout);
    for (const event of after) delete event['person'];
    expect(before.length).toBeGreaterThan(50);
    expect(after).toEqual(before.map((event) => ({ ...event, sync: event['pass'] })));
  });

  test('a stored report is read, and would be stored as the same bytes', () => {
    const stored = readTable('pass').map((row) => (JSON.parse(row) as { report: string }).report);
    expect(stored.length).toBeGreaterThan(5);
    const reports = stored.map((text) => decodeReport(text));
    expect(reports.some((report) => (report as SyncReport).fetched?.complete.User === true)).toBe(true);
    expect(reports.map((report) => encodeReport(report ?? {}))).toEqual(stored);
  });

  test('a sync of today stores its report under the keys of 0.1.0', async () => {
    const node = await makeThrowawayRoot();
    try {
      await node.run('sync');
      await node.run('sync');
      const [expected] = readReports();
      expect(expected?.heard).toContain('complete');
      expect(readReports(node.root)).toEqual([expected, expected]);
    } finally {
      await node.close();
    }
  });

  test('a store that cannot be read changes no account', async () => {
    const node = readNode();
    const { status, stdout } = await run('sync');
    expect(status).toBe(2);
    expect(stdout).toMatch(/^[01] changes? made, 0 failed, 30 held$/m);
    expect(withoutSudo(readNode())).toEqual(withoutSudo(node));
  });
});
