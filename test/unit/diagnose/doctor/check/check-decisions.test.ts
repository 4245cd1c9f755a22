import { expect, test } from 'vitest';
import { checkDecisions } from '../../../../../src/diagnose/doctor/check/check-decisions.ts';
import type { Facts } from '../../../../../src/diagnose/doctor/facts.ts';
import type { Refusal } from '../../../../../src/policy/model.ts';
import { healthyNode } from '../../../../support/records/healthy-node.ts';

const refuse = (code: string, detail: string): Refusal => ({ scimId: '', kind: 'User', code, detail });
const check = (refusals: readonly Refusal[], config: Facts['config'] = healthyNode.config) =>
  checkDecisions({ ...healthyNode, config, refusals });

test('a node without open decisions has no finding', () => {
  expect(check([refuse('uid-kept', 'has another uid')])).toEqual([]);
});

test('accounts of another publisher that are not decided are one finding, with the command', () => {
  const found = check([
    refuse('published-unknown', 'gone has no user'),
    refuse('published-differs', 'carol'),
  ]);
  expect(found).toMatchObject([{ code: 'decisions-takeover', level: 'warning' }]);
  expect(found[0]?.detail).toContain('2 accounts');
  expect(found[0]?.howToFix).toContain('sunk-agent import /etc/passwd.cache');
});

test('an agent that observes has taken over nothing yet', () => {
  const config = { ...healthyNode.config, mode: 'observe' } as const;
  expect(check([refuse('published-unknown', 'gone has no user')], config)).toEqual([]);
});

test('an override that matches no user is named', () => {
  expect(check([refuse('override-unmatched', 'no user is called alcie')])).toMatchObject([
    { code: 'decisions-override', detail: 'no user is called alcie' },
  ]);
});
