import { describe, expect, test } from 'vitest';
import { checkSyncs } from '../../../../../src/diagnose/doctor/check/check-syncs.ts';
import type { Facts } from '../../../../../src/diagnose/doctor/facts.ts';
import { notProbed } from '../../../../support/records/healthy.ts';
import { healthyNode, node, NOW, withStatus } from '../../../../support/records/healthy-node.ts';

const codes = (facts: Facts): string[] => checkSyncs(facts).map(({ code }) => code);
const held = (hash: string) => ({ hash, reason: '40 of 50 accounts', changes: 40, actsAt: null });
const frozen = (frozenUntil: number | null) =>
  withStatus(({ guard }) => ({ guard: { ...guard, frozenUntil } }));

describe('the units', () => {
  test('that run, and a node without systemd, are no finding', () => {
    expect(checkSyncs(healthyNode)).toEqual([]);
    expect(checkSyncs(node({ units: null }))).toEqual([]);
  });

  test.each<[{ agent: boolean; reader: boolean }, string]>([
    [{ agent: false, reader: true }, 'systemctl start sunk-agent'],
    [{ agent: true, reader: false }, 'systemctl start sunk-agent-reader'],
    [{ agent: false, reader: false }, 'systemctl start sunk-agent sunk-agent-reader'],
  ])('%j is one error whose fix starts those that are stopped', (units, command) => {
    const findings = checkSyncs(node({ units }));
    expect(findings).toMatchObject([{ code: 'passes-not-running', level: 'error', fix: null }]);
    expect(findings[0]?.howToFix).toMatch(new RegExp(`${command}$`));
  });
});

describe('the last sync', () => {
  test('that left no status is a warning, besides the units', () => {
    expect(checkSyncs(node({ status: notProbed }))).toMatchObject([
      { code: 'passes-none', level: 'warning', fix: null, howToFix: expect.stringMatching(/\S/) },
    ]);
    const stopped = node({ status: notProbed, units: { agent: false, reader: false } });
    expect(codes(stopped)).toEqual(['passes-not-running', 'passes-none']);
  });

  test.each<[string, string, Facts]>([
    ['passes-problem', 'error', withStatus(() => ({ problems: ['the disk is full', 'another'] }))],
    ['passes-incomplete', 'error', withStatus(({ store }) => ({ store: { ...store, lastComplete: null } }))],
    ['passes-held', 'warning', withStatus(({ guard }) => ({ guard: { ...guard, held: [held('abcd')] } }))],
    ['passes-frozen', 'warning', frozen(NOW + 1)],
  ])('%s, of level %s', (code, level, facts) => {
    expect(checkSyncs(facts)).toMatchObject([
      { code, level, howToFix: expect.stringMatching(/\S/), fix: null },
    ]);
  });

  test('names the first problem, and each set that the guard holds with its hash', () => {
    const [problem] = checkSyncs(withStatus(() => ({ problems: ['the disk is full', 'another'] })));
    expect(problem?.detail).toContain('the disk is full');
    const sets = checkSyncs(
      withStatus(({ guard }) => ({ guard: { ...guard, held: [held('aaaa'), held('bbbb')] } })),
    );
    expect(sets).toHaveLength(2);
    expect(sets[0]?.howToFix).toContain('sunk-agent approve aaaa');
    expect(sets[1]?.howToFix).toContain('sunk-agent approve bbbb');
  });

  test('is not frozen once the freeze has ended', () => {
    expect(codes(frozen(NOW))).toEqual([]);
    expect(codes(frozen(null))).toEqual([]);
  });

  test('reports all that applies, problems first', () => {
    const facts = withStatus(({ store, guard }) => ({
      problems: ['it failed'],
      store: { ...store, lastComplete: null },
      guard: { held: [held('abcd')], frozenUntil: guard.frozenUntil ?? NOW + 60 },
    }));
    expect(codes(facts)).toEqual(['passes-problem', 'passes-incomplete', 'passes-held', 'passes-frozen']);
  });
});
