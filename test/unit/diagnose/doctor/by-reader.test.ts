import { describe, expect, test } from 'vitest';
import { judgeReaders } from '../../../../src/diagnose/doctor/by-reader.ts';
import type { Facts } from '../../../../src/diagnose/doctor/facts.ts';
import { type Finding, found, type Level } from '../../../../src/diagnose/doctor/finding.ts';
import { notProbed, probed } from '../../../support/records/healthy.ts';
import { healthyNode } from '../../../support/records/healthy-node.ts';

type Answer = Extract<Facts['probe'], { ok: true }>['value'];

if (!healthyNode.probe.ok) throw new Error('the sample has an answer');
const { value: answer } = healthyNode.probe;

/** An answer whose findings are these codes. */
const meeting = (...codes: string[]): Answer => ({ ...answer, schemas: codes });
const judge = ({ schemas }: Answer): Finding[] =>
  (schemas ?? []).map((code) => found(code, 'error', `it is ${code}`, 'correct it'));
const judgeBoth = (
  running: Answer | null,
  next: Answer | null,
  more: Partial<Facts['agent']> = {},
): { code: string; level: Level; howToFix: string; detail: string }[] =>
  judgeReaders(
    {
      probe: running === null ? notProbed : probed(running),
      agent: { ...healthyNode.agent, nextProbe: next === null ? null : probed(next), ...more },
    },
    judge,
  );

describe('what readers meet', () => {
  test('is nothing where neither meets anything, and once where both meet the same', () => {
    expect(judgeBoth(meeting(), meeting())).toEqual([]);
    expect(judgeBoth(meeting('store-tls'), meeting('store-tls'))).toEqual([
      found('store-tls', 'error', 'it is store-tls', 'correct it'),
    ]);
  });

  test('is that of the one reader where there is no other', () => {
    expect(judgeBoth(meeting('token-refused'), null)).toMatchObject([
      { code: 'token-refused', howToFix: 'correct it' },
    ]);
    expect(judgeBoth(null, null)).toEqual([]);
  });

  test('is corrected by a restart where one that starts now does not meet it', () => {
    expect(judgeBoth(meeting('token-refused'), meeting())).toMatchObject([
      { code: 'token-refused', level: 'error', howToFix: expect.stringContaining('systemctl restart') },
    ]);
  });

  test('a proxy of the unit is corrected in the unit, and a restart alone does not help', () => {
    expect(judgeBoth(meeting('store-proxy'), meeting())).toMatchObject([{ howToFix: 'correct it' }]);
  });

  test.each(['token-refused', 'token-forbidden', 'token-writes'])(
    '%s of the token that lies there now is a warning: the next start brings it',
    (code) => {
      expect(judgeBoth(meeting(), meeting(code))).toEqual([
        found(code, 'warning', `from the next start of the reader on: it is ${code}`, 'correct it'),
      ]);
    },
  );

  test('is no matter of this node where it is the environment or the rights of this very command', () => {
    expect(judgeBoth(meeting(), meeting('store-proxy', 'store-tls', 'token-unreadable'))).toEqual([]);
  });

  test('comes with the next start where the configuration is not in force yet', () => {
    expect(judgeBoth(meeting(), meeting('store-dns'), { isConfigInForce: false })).toMatchObject([
      { code: 'store-dns', level: 'warning' },
    ]);
    expect(judgeBoth(meeting(), meeting('store-dns'), { isConfigInForce: null })).toEqual([]);
  });

  test('is judged for the next start also where the running one gives no answer', () => {
    expect(judgeBoth(null, meeting('token-refused'))).toMatchObject([{ code: 'token-refused' }]);
  });
});
