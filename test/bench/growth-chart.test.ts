import { expect, test } from 'vitest';
import { drawGrowth, gatherLines } from './growth-chart.ts';
import { makeRow } from './row.ts';

const row = (name: string, unit: string, ours: number) =>
  makeRow({ bench: 'host', row: name, unit, ours, reference: null, goal: null });

const ROWS = [
  row('cold-apply-10k-s', 's', 1.2),
  row('cold-apply-100-s', 's', 0.5),
  row('one-key-100-ms', 'ms', 12),
  row('one-key-1k-ms', 'ms', 15),
  row('getpwnam-us-local-100', 'us', 3),
  row('getpwnam-us-local-1000', 'us', 9),
  row('no-change-writes-100', 'files', 0),
  row('peak-pss-mb-100k', 'MB', 300),
  row('lonely-100-ms', 'ms', 1),
];

test('rows that were measured at several sizes become lines in microseconds, smallest first', () => {
  expect(gatherLines(ROWS)).toEqual([
    {
      name: 'host cold-apply',
      points: [
        [100, 500_000],
        [10_000, 1_200_000],
      ],
    },
    {
      name: 'host one-key',
      points: [
        [100, 12_000],
        [1000, 15_000],
      ],
    },
    {
      name: 'host getpwnam-local',
      points: [
        [100, 3],
        [1000, 9],
      ],
    },
  ]);
});

test('the chart has a line and a label for each of them, and nothing where there is none', () => {
  const chart = drawGrowth(ROWS);
  expect(chart.match(/stroke-width="2"\/><circle/g)).toHaveLength(3);
  for (const label of ['host cold-apply', '10,000', '1 s', 'people']) expect(chart).toContain(`>${label}<`);
  expect(chart).not.toMatch(/NaN|Infinity|undefined/);
  expect(drawGrowth([])).toBe('');
});
