import { expect, test } from 'vitest';
import { sayCount } from '../../../../src/common/text/count-noun.ts';

test('one is said as one, and everything else, none included, as many', () => {
  expect([0, 1, 2].map((count) => sayCount(count, 'group'))).toEqual(['0 groups', '1 group', '2 groups']);
  expect([1, 3].map((count) => sayCount(count, 'person', 'people'))).toEqual(['1 person', '3 people']);
});
