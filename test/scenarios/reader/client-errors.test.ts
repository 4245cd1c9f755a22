import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { AgentError } from '../../../src/common/errors.ts';
import { StoreBusy } from '../../../src/protocol/store-busy.ts';
import { createBudget } from '../../../src/agent/daemon/budget.ts';
import { jitterOf } from '../../../src/agent/daemon/repeat.ts';
import { isTransientStatus, readRetryAfter, waitAfter } from '../../../src/reader/http/retry.ts';
import { startIngestHarness } from '../../support/ingest-harness.ts';

describe('a transient failure', () => {
  test.each([
    ['408', { kind: 'status', status: 408 }],
    ['429 without Retry-After', { kind: 'status', status: 429 }],
    ['429 with Retry-After in seconds', { kind: 'status', status: 429, retryAfter: 1 }],
    [
      '503 with Retry-After as a date',
      { kind: 'status', status: 503, retryAfter: 1, retryAfterForm: 'date' },
    ],
    ['500', { kind: 'status', status: 500 }],
    ['a reset connection', { kind: 'reset' }],
    ['an answer that was cut', { kind: 'cut' }],
  ])('%s is tried again, and the sync is complete', async (_, fault) => {
    const harness = await startIngestHarness({ seedUsers: 3 });
    await harness.fault({ ...fault, path: 'Users', times: 2 });
    expect(await harness.fetch()).toMatchObject({ complete: { User: true, Group: true }, retries: 2 });
  });

  test('an answer that is late is tried again, by the bound on one request', async () => {
    const harness = await startIngestHarness({ seedUsers: 3 }, { scim: '  bounds: { request: 1s }' });
    await harness.fault({ kind: 'delay', ms: 3000, path: 'Users', times: 1 });
    expect(await harness.fetch()).toMatchObject({ complete: { User: true }, retries: 1 });
  });

  test('that lasts ends with the address and what to check', async () => {
    const harness = await startIngestHarness();
    await harness.fault({ kind: 'reset' });
    const error = { code: 'store_unreachable', message: expect.stringContaining('127.0.0.1') as string };
    await expect(harness.fetch()).rejects.toMatchObject(error);
  });

  test('a long Retry-After is kept to: the store is left alone, and the error says until when', async () => {
    const harness = await startIngestHarness();
    await harness.fault({ kind: 'status', status: 429, retryAfter: 3600, times: 1 });
    await expect(harness.fetch()).rejects.toMatchObject({ code: 'store_busy' });
    await harness.requests();
    await expect(harness.fetch()).rejects.toThrow(/asks for no requests until 20/);
    expect(await harness.requests()).toEqual([]);
  });
});

describe('a Retry-After without a bound', () => {
  const forDecades = { kind: 'status', status: 429, retryAfter: 999_999_999, times: 1 };

  test('counts for scim.max_wait at most', async () => {
    const harness = await startIngestHarness({}, { scim: '  max_wait: 1s' });
    await harness.fault(forDecades);
    expect(await harness.fetch()).toMatchObject({ complete: { User: true, Group: true }, retries: 1 });
  });

  test('pauses for ten minutes where nothing else is configured, and says until when and why', async () => {
    const harness = await startIngestHarness();
    await harness.fault(forDecades);
    const error = await harness.fetch().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreBusy);
    const { pause, message } = error as StoreBusy;
    expect(pause.until - pause.since).toBe(600_000);
    expect(message).toMatch(/answered 429 and asks for no requests until 20.*scim\.max_wait: 600 s/);
  });

  test('ends when a person asks, but not within 10 s of the last request', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    try {
      const harness = await startIngestHarness();
      await harness.fault({ ...forDecades, times: 2 });
      const ask = async () => {
        harness.reader.resume();
        return harness.fetch().then(
          ({ complete }) => complete.User,
          (error: unknown) => (error as AgentError).code,
        );
      };
      await expect(harness.fetch()).rejects.toMatchObject({ code: 'store_busy' });
      await harness.requests();
      vi.advanceTimersByTime(9000);
      expect(await ask()).toBe('store_busy');
      expect(await harness.requests()).toEqual([]);
      vi.advanceTimersByTime(1000);
      expect(await ask()).toBe('store_busy');
      expect(await harness.requests()).toHaveLength(1);
      vi.advanceTimersByTime(10_000);
      expect(await ask()).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a refusal', () => {
  test.each([
    [401, 'store_refused_token'],
    [403, 'store_forbidden'],
  ])('%i is reported as what it is, and never tried again', async (status, code) => {
    const harness = await startIngestHarness();
    await harness.fetch();
    await harness.fault({ kind: 'status', status, path: 'Users|Groups' });
    await harness.requests();
    await expect(harness.fetch()).rejects.toMatchObject({ code });
    const lists = (await harness.requests()).filter((line) => line.includes('/Users'));
    expect(lists).toHaveLength(1);
  });

  test('of one token leads to the next, and one that is missing is no obstacle', async () => {
    const harness = await startIngestHarness(
      {},
      { scim: '  tokens: [{ file: /old }, { file: /none }, { credential: scim-token }]' },
    );
    writeFileSync(path.join(harness.root, 'old'), 'revoked');
    expect((await harness.fetch()).complete).toEqual({ User: true, Group: true });
    // The accepted token is tried first from then on.
    expect(await harness.requests()).not.toEqual([]);
    const { body } = await harness.admin('GET', '/requests?failed=true');
    expect(body.requests).toEqual([]);
  });

  test('takes effect, and ends, with the file of the token', async () => {
    const harness = await startIngestHarness();
    harness.writeToken('nonsense');
    await expect(harness.fetch()).rejects.toMatchObject({ code: 'store_refused_token' });
    harness.writeToken(harness.testbed.readToken);
    expect((await harness.fetch()).complete.User).toBe(true);
  });
});

describe('the token', () => {
  const spoiled = [
    { kind: 'reset' },
    { kind: 'cut' },
    { kind: 'not-json' },
    { kind: 'html', status: 500 },
    { kind: 'status', status: 401 },
    { kind: 'status', status: 302, headers: { location: 'http://127.0.0.1:1/' } },
    { kind: 'delay', ms: 3000 },
  ];
  test.each(spoiled)('is in no part of the error after %o, however deep one notices', async (fault) => {
    const harness = await startIngestHarness({}, { scim: '  bounds: { request: 1s }' });
    await harness.fault(fault);
    const error: unknown = await harness.fetch().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(harness.testbed.readToken);
  });
});

describe('the wait between attempts', () => {
  test('doubles with each attempt, has full jitter, and never ends before the store wants it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.option(fc.nat({ max: 60_000 })),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, after, random) => {
          const wait = waitAfter(attempt, after, random);
          expect(wait).toBeGreaterThanOrEqual(after ?? 0);
          expect(wait).toBeLessThanOrEqual((after ?? 0) + Math.min(30_000, 500 * 2 ** attempt));
          if (random === 0) expect(wait).toBe(after ?? 0);
        },
      ),
    );
  });

  test('is asked for in both forms of Retry-After, and by nothing else', () => {
    const now = Date.parse('2026-01-01T00:00:00Z');
    expect(readRetryAfter('7', now)).toBe(7000);
    expect(readRetryAfter('99999999999', now)).toBe(99_999_999_999_000);
    expect(readRetryAfter('Thu, 01 Jan 2026 00:00:07 GMT', now)).toBe(7000);
    expect(readRetryAfter('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0);
    for (const odd of ['', 'soon', '-5', '1e9999']) expect(readRetryAfter(odd, now) ?? 0).toBe(0);
  });

  test('is for 408, 429 and the transient errors among 5xx', () => {
    expect([408, 429, 500, 502, 503, 504, 520].every(isTransientStatus)).toBe(true);
    expect([200, 301, 400, 401, 403, 404, 501, 505].some(isTransientStatus)).toBe(false);
  });
});

describe('the budget', () => {
  test('keeps to its rate over any time, but for one burst, whatever the syncs cost', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 2000 }), { maxLength: 50 }), (costs) => {
        let now = 0;
        let spent = 0;
        const budget = createBudget(5, () => now);
        for (const cost of costs) {
          now += budget.wait();
          expect(budget.wait()).toBe(0);
          // In thousandths, which are whole.
          expect(spent * 1000).toBeLessThanOrEqual(now * 5 + 300_000);
          budget.spend(cost);
          spent += cost;
        }
      }),
    );
  });
});

test('a fleet is spread over the interval, each host at its own place, and ten minutes at most', () => {
  const runs = (seconds: number) => [new Date(0), new Date(seconds * 1000)];
  const places = Array.from({ length: 500 }, (_, host) => jitterOf(`node-${host}`, runs(30)));
  expect(Math.max(...places)).toBeLessThan(30_000);
  expect(new Set(places.map((place) => Math.floor(place / 1000))).size).toBe(30);
  expect(jitterOf('node-1', runs(30))).toBe(places[1]);
  expect(jitterOf('node-1', runs(86_400))).toBeLessThanOrEqual(600_000);
});
