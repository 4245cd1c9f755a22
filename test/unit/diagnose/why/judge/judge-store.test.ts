import { describe, expect, test } from 'vitest';
import type { Facts } from '../../../../../src/diagnose/why/facts.ts';
import { judgeStore } from '../../../../../src/diagnose/why/judge/judge-store.ts';
import { config, healthy, notProbed, NOW, withStatus } from '../../../../support/records/healthy.ts';

const failure = { code: 'store_refused_token', message: 'refused the token', hint: 'make a new token' };
const failing = withStatus(({ store }) => ({ store: { ...store, failure } }));
const skewed = (skewSeconds: number | null) =>
  withStatus(({ store }) => ({ store: { ...store, skewSeconds } }));
const frozen = (frozenUntil: number) => withStatus(({ guard }) => ({ guard: { ...guard, frozenUntil } }));
const syncedAt = (at: number) => withStatus(({ lastSync }) => ({ lastSync: { ...lastSync, at } }));
const neverComplete = withStatus(({ store }) => ({ store: { ...store, lastComplete: null } }));
const observing: Facts = { ...healthy, config: { ...config, mode: 'observe' } };

describe('the link `store`', () => {
  test.each<[string, Facts]>([
    ['store-daemon-stopped', { ...healthy, isDaemonUp: false }],
    ['store-unreachable', failing],
    ['store-clock', skewed(301)],
    ['store-clock', skewed(-301)],
    ['store-observe', observing],
    ['store-observe', withStatus(() => ({ mode: 'observe' }))],
    ['store-frozen', frozen(NOW + 1)],
    ['store-never-complete', neverComplete],
    ['store-stale', syncedAt(NOW - 3601)],
  ])('%s is a warning of the operator with a fix, for no login waits for the store', (code, facts) => {
    expect(judgeStore(facts)).toMatchObject({
      level: 'warning',
      code,
      owner: 'operator',
      howToFix: expect.stringMatching(/\S/),
    });
  });

  test('a state disk that is not mounted comes first, and denies each login if the keys are on it', () => {
    const unmounted = { point: '/var/lib/sunk-agent', hasKeys: false };
    expect(judgeStore({ ...healthy, isDaemonUp: false, unmounted })).toMatchObject({
      level: 'error',
      code: 'store-not-mounted',
      howToFix: 'mount /var/lib/sunk-agent, then systemctl restart sunk-agent',
    });
    expect(judgeStore({ ...healthy, unmounted: { ...unmounted, hasKeys: true } }).level).toBe('warning');
    expect(judgeStore({ ...healthy, status: notProbed, unmounted }).code).toBe('store-not-mounted');
  });

  test.each<[string, Facts]>([
    ['a healthy store', healthy],
    ['a daemon of which it is not known whether it runs', { ...healthy, isDaemonUp: null }],
    ['a clock at the limit, either way', skewed(300)],
    ['a clock at the limit, either way', skewed(-300)],
    ['a store that did not tell its time', skewed(null)],
    ['a freeze that has ended', frozen(NOW)],
    ['a sync of an hour ago', syncedAt(NOW - 3600)],
    ['a sync from the future, after the clock was set back', syncedAt(NOW + 86_400)],
  ])('%s is in order', (_, facts) => {
    expect(judgeStore(facts)).toMatchObject({ level: 'ok', owner: null, howToFix: null });
  });

  test('tells which way the clock differs, and gives the hint of the failure as the fix', () => {
    expect(judgeStore(skewed(7200)).detail).toContain('2 h ahead of');
    expect(judgeStore(skewed(-7200)).detail).toContain('2 h behind');
    expect(judgeStore(failing)).toMatchObject({ howToFix: failure.hint });
    expect(judgeStore(failing).detail).toContain(failure.message);
  });

  test('of several faults names the cause before its effects', () => {
    const all: Facts = {
      ...withStatus(({ store, guard, lastSync }) => ({
        store: { ...store, failure, skewSeconds: 900, lastComplete: null },
        guard: { ...guard, frozenUntil: NOW + 60 },
        lastSync: { ...lastSync, at: NOW - 90_000 },
      })),
      config: observing.config,
    };
    expect(judgeStore({ ...all, isDaemonUp: false }).code).toBe('store-daemon-stopped');
    expect(judgeStore(all).code).toBe('store-unreachable');
    const answering = withStatus(({ store, guard, lastSync }) => ({
      store: { ...store, lastComplete: null },
      guard: { ...guard, frozenUntil: NOW + 60 },
      lastSync: { ...lastSync, at: NOW - 90_000 },
    }));
    expect(judgeStore({ ...answering, config: observing.config }).code).toBe('store-observe');
    expect(judgeStore(answering).code).toBe('store-frozen');
    expect(
      judgeStore(
        withStatus(({ store, lastSync }) => ({
          store: { ...store, lastComplete: null },
          lastSync: { ...lastSync, at: NOW - 90_000 },
        })),
      ).code,
    ).toBe('store-never-complete');
  });

  test('is not known without the status of a sync, even where the daemon does not run', () => {
    expect(judgeStore({ ...healthy, status: notProbed, isDaemonUp: false })).toMatchObject({
      level: 'unknown',
      code: 'unknown',
      detail: notProbed.why,
    });
  });
});
