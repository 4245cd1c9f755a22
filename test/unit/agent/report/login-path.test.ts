import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeLoginPath, sayLoginPath, withLoginPath } from '../../../../src/agent/report/login-path.ts';
import type { Status } from '../../../../src/agent/report/status-schema.ts';
import { toLoginPath } from '../../../../src/agent/daemon/rounds/canary-rounds.ts';
import type { LoginPath } from '../../../../src/host/trial/login-path.ts';

const NOW = 1_800_000_000;
const PROVEN: LoginPath = { state: 'proven', at: NOW, lastProven: NOW, step: null, reason: '', every: 300 };
const FAILED: LoginPath = { ...PROVEN, state: 'failed', step: 'account', reason: 'nologin' };
const status = (health: Status['health'], reasons: string[]): Status =>
  ({ health, reasons }) as unknown as Status;

describe('the login path', () => {
  test('is said in one line, with the step that failed', () => {
    const say = (found: LoginPath | null, now = NOW + 40): string =>
      sayLoginPath(judgeLoginPath(found, now), now);
    expect(say(PROVEN)).toBe('proven 40 s ago');
    expect(say(FAILED)).toBe('failed 40 s ago at account: nologin');
    expect(say(null)).toBe('not proven: no trial login since the agent started');
  });

  test('is not proven by a trial that is too old, or of a time to come', () => {
    expect(judgeLoginPath(PROVEN, NOW + 720).state).toBe('proven');
    expect(judgeLoginPath(PROVEN, NOW + 721).state).toBe('unproven');
    expect(judgeLoginPath(PROVEN, NOW - 3600).state).toBe('unproven');
    expect(judgeLoginPath(FAILED, NOW + 9000).state).toBe('unproven');
  });

  test('keeps when it was last proven, and no endless words', () => {
    const outcome = { state: 'failed', failed: 'shell', detail: 'x'.repeat(9000) } as const;
    const found = toLoginPath(outcome, PROVEN, 300, NOW + 9);
    expect(found).toMatchObject({ at: NOW + 9, lastProven: NOW, step: 'shell' });
    expect(found.reason.length).toBeLessThanOrEqual(500);
  });

  const known = fc
    .constantFrom<LoginPath | null>(PROVEN, FAILED, null)
    .map((found) => judgeLoginPath(found, NOW));

  test('without a proof no status is healthy, and what is known now takes the place of what was', () => {
    const of = fc.constantFrom<Status['health']>('healthy', 'degraded', 'failing');
    fc.assert(
      fc.property(of, known, known, (health, before, now) => {
        const reasons = health === 'healthy' ? [] : ['another reason'];
        const found = withLoginPath(withLoginPath(status(health, reasons), before), now);
        expect(found).toEqual(withLoginPath(status(health, reasons), now));
        expect(found.health === 'healthy').toBe(health === 'healthy' && now.state === 'proven');
        if (now.state === 'failed') expect(found.health).toBe('failing');
        expect(found.reasons.length).toBe(reasons.length + (now.state === 'proven' ? 0 : 1));
      }),
    );
  });
});
