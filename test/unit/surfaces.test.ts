// Text from the store on every surface: no terminal obeys it, and no line of it looks like one of sunk-agent.
import fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { describeReport } from '../../src/agent/report/describe-report.ts';
import { createMetrics } from '../../src/agent/report/metrics.ts';
import { statusOf } from '../../src/agent/report/status.ts';
import { describeStatus } from '../../src/cli/inspect/status.ts';
import { createLogger, escapeLine, isJournal } from '../../src/common/log.ts';
import type { Change } from '../../src/plan/change.ts';
import type { GuardVerdict } from '../../src/plan/guard/guard-model.ts';
import { printPlan } from '../../src/plan/print.ts';
import { makeReport, NOW } from '../support/records/sample-report.ts';
import { makeAnyText } from '../support/records/any-text.ts';

/** ESC sequences, C1, bidirectional marks, tags, separators, what looks like a line of sunk-agent, and anything else. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\u001b[2J\u001b]0;owned\u0007',
        '\u009b31m',
        '\u202ekcis\u2066',
        '\u{e0041}\ufeff\u200b',
        '\u2028\u2029\u0085\r\n',
        'healthy\n  store',
        '\n# HELP sunk_agent_health x\nsunk_agent_health 0\n',
        '"} 1\n',
        '<6>{"level":30}',
        '\ud800',
      ),
      makeAnyText(12),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((pieces) => pieces.join(''));

/** What no surface may print unescaped; newlines are sunk-agent's, and are counted. */
const UNSEEN = /(?!\n)[\p{C}\u2028\u2029]/u;

function reportOf(text: string) {
  return makeReport({
    failure: { code: 'store_answer', message: text, hint: text },
    held: [{ hash: '0123', reason: text, changes: 2, actsAt: null }],
    refusals: [{ scimId: text, kind: 'User', code: 'key-weak', detail: text }],
    problems: [text],
    extended: { accounts: 1, until: NOW, by: [text] },
    fetched: { ...makeReport().fetched!, problems: [{ code: 'drift', detail: text }] },
    tally: { ...makeReport().tally, refused: { [text]: 1 }, keys: { [text]: 1 } },
  });
}

const statusFor = (text: string) =>
  statusOf({
    report: reportOf(text),
    now: NOW,
    mode: 'enforce',
    baseUrl: text,
    lastContact: NOW,
    lastComplete: NOW,
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

function planOf(text: string): string {
  const entry = { name: text, uid: 1, gid: 1, gecos: text, dir: text, shell: text };
  const because = text;
  const common = { scimId: text, name: text, because };
  const go: Change[] = [
    { ...common, kind: 'account-create', entry },
    { ...common, kind: 'account-alter', before: { ...entry, gecos: '' }, entry },
    { ...common, kind: 'member-add', member: text, sudo: false },
    { ...common, kind: 'home-create', uid: 1, gid: 1, dir: text },
    { ...common, kind: 'keys-write', text, until: null, gained: [text], lost: [text] },
    { ...common, kind: 'keys-write', text, until: null, gained: [], lost: [] },
    { ...common, kind: 'account-close', entry, reason: 'inactive' },
  ];
  const held = [{ hash: '01', kind: 'loss' as const, reason: text, changes: go, since: NOW, actsAt: null }];
  const verdict: GuardVerdict = { go, held, remember: new Map(), kinds: new Map() };
  return printPlan(go, verdict, false);
}

let written: string[];
beforeEach(() => {
  written = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    written.push(String(chunk));
    return true;
  });
  return () => vi.restoreAllMocks();
});

function logOf(text: string): string {
  written.length = 0;
  createLogger('agent', 'trace').warn({ scimId: text, nested: { [text]: text } }, text);
  return written.join('');
}

describe('text from the store', () => {
  test.each<[string, (text: string) => string]>([
    ['the plan', planOf],
    ['the report of a sync', (text) => describeReport(reportOf(text))],
    ['the status', (text) => describeStatus(statusFor(text), NOW)],
    ['a log line', logOf],
  ])('is shown and not obeyed in %s, and adds no line', (_, print) => {
    const lines = print('plain').split('\n').length;
    fc.assert(
      fc.property(hostile, (text) => {
        const printed = print(text);
        expect(printed).not.toMatch(UNSEEN);
        expect(printed.split('\n')).toHaveLength(lines);
      }),
    );
  });

  test('is unchanged for a program that reads the log', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const line = logOf(text);
        expect(JSON.parse(line)).toMatchObject({ level: 40, component: 'agent', scimId: text, msg: text });
        expect(escapeLine(line)).toBe(line);
      }),
    );
  });

  test('adds no metric, and cannot end a label', async () => {
    await fc.assert(
      fc.asyncProperty(hostile, async (text) => {
        const metrics = createMetrics({ version: '1', config: {} });
        metrics.count(reportOf(text), statusFor(text));
        const printed = await metrics.render();
        expect(printed).not.toMatch(UNSEEN);
        for (const line of printed.split('\n'))
          expect(line).toMatch(
            /^(?:# (?:HELP|TYPE) sunk_agent_.*|sunk_agent_[a-z_]+(?:\{(?:[a-z]+="(?:[^"\\]|\\.)*",?)+\})? [0-9.e+-]+|)$/,
          );
        expect(printed.match(/^sunk_agent_health /gm)).toHaveLength(1);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a line for journald', () => {
  test.each([
    ['trace', '<7>'],
    ['debug', '<7>'],
    ['info', '<6>'],
    ['warn', '<4>'],
    ['error', '<3>'],
    ['fatal', '<2>'],
  ] as const)('of level %s has the priority %s in front', async (level, priority) => {
    const { dev, ino } = (await import('node:fs')).fstatSync(2);
    vi.stubEnv('JOURNAL_STREAM', `${dev}:${ino}`);
    createLogger('agent', 'trace')[level](
      { token: 'secret', nested: { authorization: 'Bearer secret' } },
      '"level":10',
    );
    vi.unstubAllEnvs();
    expect(written.join('')).toMatch(new RegExp(`^${priority}\\{"level"`));
    expect(written.join('')).not.toContain('secret');
  });

  test('has none where stderr is not the journal, though the variable was inherited', () => {
    expect(isJournal('1:1', 2)).toBe(false);
    expect(isJournal(undefined, 2)).toBe(false);
    vi.stubEnv('JOURNAL_STREAM', '1:1');
    createLogger('agent', 'info').info('x');
    vi.unstubAllEnvs();
    expect(written.join('')).toMatch(/^\{/);
  });
});
