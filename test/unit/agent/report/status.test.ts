import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { identifySelf } from '../../../../src/agent/report/daemon-identity.ts';
import { judgeAge, readStatus, type StatusInput, statusOf } from '../../../../src/agent/report/status.ts';
import { statusSchema } from '../../../../src/agent/report/status-schema.ts';
import { describeStatus } from '../../../../src/cli/inspect/status.ts';
import { makeReport as report, NOW } from '../../../support/records/sample-report.ts';

function input(more: Partial<StatusInput> = {}): StatusInput {
  return {
    report: report(),
    now: NOW,
    mode: 'enforce',
    baseUrl: 'https://store.example/scim/org',
    lastContact: NOW - 10,
    lastComplete: NOW - 10,
    frozenUntil: 0,
    quarantined: [],
    formerRoot: [],
    maxAge: 604_800,
    agentHasNoNetwork: true,
    nextSync: NOW + 20,
    daemon: null,
    hasSshdDropIn: true,
    host: HOST,
    nameRound: null,
    secrets: [],
    ...more,
  };
}

test('names that other services know otherwise, and services that give no answer, degrade', () => {
  const detail = "the name service sss knows the uid 10009 as zed's, which is managed here as ivan's";
  const conflict = { kind: 'account' as const, name: 'ivan', detail };
  const round = {
    at: NOW,
    conflicts: [conflict, conflict],
    unanswered: [{ service: 'ldap', fault: 'ENOENT' }],
    missing: [],
  };
  const { health, reasons } = statusOf(input({ nameRound: round }));
  expect(health).toBe('degraded');
  expect(reasons).toEqual([
    `${detail}, and 1 more conflict (sunk-agent doctor)`,
    'the name service ldap of nsswitch.conf gives no answer (ENOENT), so new names and ids wait',
  ]);
  expect(
    statusOf(input({ nameRound: { ...round, conflicts: [], unanswered: [], missing: ['sss'] } })).health,
  ).toBe('healthy');
});

const HOST: StatusInput['host'] = {
  at: NOW - 200,
  load: 0.4216,
  processors: 16,
  memory: { available: 50 * 2 ** 30, total: 64 * 2 ** 30 },
  disks: [
    { path: '/var/lib/sunk-agent/cache', free: 7.25 * 2 ** 30, size: 20 * 2 ** 30, fault: null },
    { path: '/home', free: 0, size: 0, fault: 'no answer' },
  ],
  active: ['alice', 'bob'],
};

const FAILURE = { code: 'store_unreachable', message: 'cannot reach store.example', hint: 'check DNS' };

describe('the status', () => {
  test('keeps to its documented schema', () => {
    expect(statusSchema.strict().parse(statusOf(input()))).toEqual(statusOf(input()));
  });

  test('is healthy, without a reason, when there is no problem', () => {
    expect(statusOf(input())).toMatchObject({ health: 'healthy', reasons: [] });
  });

  test.each<[string, Partial<StatusInput>, string, RegExp]>([
    ['the store has never been read', { lastComplete: null }, 'failing', /never been read/],
    [
      'a change could not be made',
      { report: report({ problems: ['account-create a: no space left'] }) },
      'failing',
      /no space left/,
    ],
    [
      'the store is away',
      { report: report({ fetched: null, failure: FAILURE }) },
      'degraded',
      /cannot reach store.example/,
    ],
    [
      'the guard holds something',
      {
        report: report({
          held: [{ hash: 'abc123', reason: '40 of 50 accounts', changes: 40, actsAt: null }],
        }),
      },
      'degraded',
      /abc123 \(40 of 50 accounts\)/,
    ],
    [
      'a record is quarantined',
      { report: report({ counts: { ...report().counts, quarantined: 2 } }) },
      'degraded',
      /2 records/,
    ],
    ['sshd lacks the drop-in', { hasSshdDropIn: false }, 'degraded', /drop-in/],
    ['the node is frozen', { frozenUntil: NOW + 60 }, 'degraded', /frozen/],
    [
      'keys expire soon',
      { report: report({ keyExpiry: { earliest: NOW + 1000, latest: NOW + 600_000 } }) },
      'degraded',
      /expire/,
    ],
  ])('says what is wrong when %s', (_, more, health, reason) => {
    const status = statusOf(input(more));
    expect(status.health).toBe(health);
    expect(status.reasons[0]).toMatch(reason);
  });

  test('fails when the next sync of the daemon is long overdue, or the sync of a command is old', () => {
    const status = statusOf(input());
    expect(judgeAge(status, NOW + 900)).toEqual(status);
    expect(judgeAge(status, NOW + 921)).toMatchObject({ health: 'failing' });
    expect(judgeAge(status, NOW + 921).reasons[0]).toMatch(/^no sync since 20.*does the agent run/);
    const daemon = identifySelf();
    expect(judgeAge(statusOf(input({ daemon })), NOW + 61)).toMatchObject({ health: 'healthy' });
    const gone = statusOf(input({ daemon: { ...daemon!, started: daemon!.started - 1 } }));
    expect(judgeAge(gone, NOW + 60)).toEqual(gone);
    expect(judgeAge(gone, NOW + 61)).toMatchObject({
      health: 'failing',
      reasons: [expect.stringMatching(/^the agent has ended/)],
    });
    expect(judgeAge(gone, NOW + 61, '/var/lib/sunk-agent').reasons[0]).toMatch(
      /^\/var\/lib\/sunk-agent is in \/etc\/fstab and not mounted.*: mount \/var\/lib\/sunk-agent, then/,
    );
    const elsewhere = statusOf(input({ daemon: { ...daemon!, started: 1, namespace: 'pid:[1]' } }));
    expect(judgeAge(elsewhere, NOW + 61)).toEqual(elsewhere);
    const ofCommand = statusOf(input({ nextSync: null }));
    expect(judgeAge(ofCommand, NOW + 3600)).toEqual(ofCommand);
    expect(judgeAge(ofCommand, NOW + 3601)).toMatchObject({ health: 'failing' });
  });

  test('shows text from the store without letting the terminal obey it', () => {
    const failure = { ...FAILURE, message: 'the store said \u001b[2J\u202egone' };
    const text = describeStatus(statusOf(input({ report: report({ fetched: null, failure }) })), NOW);
    expect(text).toContain('\\x1b[2J\\u{202e}gone');
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  });

  test('names ten active accounts, and counts the rest', () => {
    const active = Array.from({ length: 12 }, (_, n) => `u${n}`);
    const text = describeStatus(statusOf(input({ host: { ...HOST, active } })), NOW);
    expect(text).toContain('active     u0, u1, u2, u3, u4, u5, u6, u7, u8, u9 and 2 more\n');
    expect(describeStatus(statusOf(input({ host: { ...HOST, active: [] } })), NOW)).toContain(
      'active     none\n',
    );
    expect(describeStatus(statusOf(input({ host: { ...HOST, active: null } })), NOW)).not.toContain(
      'active  ',
    );
  });

  test.each(['full', 'state'] as const)(
    'has each name of version 1 beside that of version 2 (%s)',
    (mode) => {
      const status = statusOf(input({ report: report({ mode }) }));
      const { version, schema_version, store, counts, lastPass, lastSync, nextPass, nextSync } = status;
      expect({ version, schema_version }).toEqual({ version: 1, schema_version: 2 });
      expect(store.lastHeard).toBe(store.lastContact);
      expect(counts.accountsOpen).toBe(counts.accountsEnabled);
      expect(counts.accountsClosed).toBe(counts.accountsDisabled);
      expect({ ...lastPass, mode: '' }).toEqual({ ...lastSync, mode: '' });
      expect([lastPass.mode, lastSync.mode]).toEqual(mode === 'state' ? ['cache', 'state'] : [mode, mode]);
      expect(nextPass).toBe(nextSync);
    },
  );

  /** As 0.1.0 wrote it. */
  function makeFirst(more: Partial<StatusInput> = {}) {
    const { schema_version: _, lastSync: __, nextSync: ___, store, counts, ...rest } = statusOf(input(more));
    const { lastContact: ____, ...oldStore } = store;
    const { accountsEnabled: _____, accountsDisabled: ______, ...oldCounts } = counts;
    return { ...rest, store: oldStore, counts: oldCounts };
  }

  function readBack(content: unknown): unknown {
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'status-')), 'status.json');
    writeFileSync(file, JSON.stringify(content));
    try {
      return readStatus(file);
    } finally {
      rmSync(path.dirname(file), { recursive: true });
    }
  }

  test.each(['full', 'state'] as const)('of version 1 is read as one of version 2 (%s)', (mode) => {
    const today = statusOf(input({ report: report({ mode }) }));
    expect(readBack(makeFirst({ report: report({ mode }) }))).toEqual(today);
    expect(readBack(today)).toEqual(today);
  });

  test('of a build before 0.1.0, which had no host, is read too', () => {
    const { host: _, ...older } = makeFirst();
    expect(readBack(older)).toEqual({ ...statusOf(input()), host: null });
  });

  test.each([
    {},
    [],
    null,
    { schema_version: 3, lastSync: {}, reasons: [] },
    { version: 2, lastPass: {}, reasons: [] },
  ])('of another version is refused: %j', (content) => {
    expect(() => readBack(content)).toThrow(/not a status of this version/);
  });

  test('has this text', () => {
    expect(describeStatus(statusOf(input()), NOW)).toMatchInlineSnapshot(`
      "healthy
        store      https://store.example/scim/org, last contact 10 s ago
        complete   10 s ago
        snapshot   0123456789abcdef
        accounts   3 users, 1 group; 2 accounts enabled, 1 disabled
        refused    0 refused, 0 in quarantine
        guard      holds nothing
        keys       confirmed until 2027-01-21 02:53 at the earliest, 2027-01-22 06:40 at the latest
        last sync  7 (full) 10 s ago: 0 changes, 0 failed
        next sync  in 20 s
        sshd       the drop-in of sunk-agent is in place
        host       load 0.42 on 16 processors, 50.0 of 64.0 GiB memory available, 3 min ago
        disk       /var/lib/sunk-agent/cache: 7.3 of 20.0 GiB free
        disk       /home does not answer: no answer
        active     alice, bob
      "
    `);
  });
});
