import { expect, test } from 'vitest';
import { judgeRow, makeRow, median, quantile, renderHeader, renderRow } from '../../bench/row.ts';

const NUMBERS = [5, 1, 4, 2, 3, 10, 6, 9, 8, 7];

test('a quantile is one of the values, and not more than that share of them is below', () => {
  expect(median(NUMBERS)).toBe(5);
  expect(quantile(NUMBERS, 0.95)).toBe(10);
  expect(quantile(NUMBERS, 0.9)).toBe(9);
  expect(quantile([7], 0.25)).toBe(7);
  expect(quantile([], 0.5)).toBeNaN();
});

test('a row says how far apart the middle half of the measurements is, and whether the goal is met', () => {
  const common = { bench: 'login', unit: 'ms', reference: 2 } as const;
  const rows = [
    makeRow({ ...common, row: 'many', measured: 4, samples: NUMBERS, goal: 2 }),
    makeRow({ ...common, row: 'three', measured: 5, samples: [6, 5, 4], goal: 2.4 }),
    makeRow({ ...common, row: 'one', measured: 1, samples: [1], reference: null, goal: null }),
  ];
  const words = [renderHeader(), ...rows.map(renderRow)].map((line) => line.split(/ {2,}/));
  expect(words).toEqual([
    ['row', 'measured', 'half within', 'reference', 'ratio', 'goal'],
    ['login many', '4 ms', '3..8', '2 ms', '2', '2', 'met'],
    ['login three', '5 ms', '4..6', '2 ms', '2.5', '2.4', 'missed'],
    ['login one', '1 ms'],
  ]);
  expect(rows.map(judgeRow)).toEqual(['met', 'missed', '']);
});

test('a row that stands alone is held to its goal by its own figure', () => {
  const row = makeRow({ bench: 'cli', row: 'why-ms', unit: 'ms', measured: 700, reference: null, goal: 600 });
  expect(judgeRow(row)).toBe('missed');
  expect(judgeRow({ ...row, ratio: 600 })).toBe('met');
});
