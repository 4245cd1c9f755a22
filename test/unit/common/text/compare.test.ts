import { expect, test } from 'vitest';
import { compare } from '../../../../src/common/text/compare.ts';

test('texts are in the order of their code units, which no locale changes', () => {
  expect(['b', 'ä', 'a', 'B', '', 'a'].sort(compare)).toEqual(['', 'B', 'a', 'a', 'b', 'ä']);
});

test('numbers are in the order of their values, and infinities are equal', () => {
  expect([10, Number.POSITIVE_INFINITY, 9, -1].sort(compare)).toEqual([-1, 9, 10, Number.POSITIVE_INFINITY]);
  expect(compare(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY)).toBe(0);
});
