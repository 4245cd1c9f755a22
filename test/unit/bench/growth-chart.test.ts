import { expect, test } from 'vitest';
import { drawGrowth, gatherLines, placeLabels } from '../../bench/growth-chart.ts';
import { makeRow } from '../../bench/row.ts';

const row = (name: string, unit: string, measured: number) =>
  makeRow({ bench: 'host', row: name, unit, measured, reference: null, goal: null });

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
      bench: 'host',
      name: 'host cold-apply',
      points: [
        [100, 500_000],
        [10_000, 1_200_000],
      ],
    },
    {
      bench: 'host',
      name: 'host one-key',
      points: [
        [100, 12_000],
        [1000, 15_000],
      ],
    },
    {
      bench: 'host',
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
  expect(chart.match(/<circle/g)).toHaveLength(6);
  for (const label of ['host cold-apply', '10,000', '1 s', 'people']) expect(chart).toContain(`>${label}<`);
  expect(chart).not.toMatch(/NaN|Infinity|undefined/);
  expect(drawGrowth([])).toBe('');
});

test('the chart says in words what it shows, and has colours for a dark background', () => {
  const chart = drawGrowth(ROWS);
  expect(chart).toMatch(/<title id="title">.+<\/title>/);
  expect(chart).toMatch(/<desc id="desc">host cold-apply: 500 ms at 100, 1.2 s at 10,000\. .+<\/desc>/);
  expect(chart).toContain('prefers-color-scheme: dark');
});

test('labels stay apart and inside, in the order of their lines', () => {
  for (const ends of [[200, 200, 200], [430, 434, 432, 100], [20, 20, 21], Array<number>(25).fill(300)]) {
    const placed = placeLabels(ends);
    const sorted = placed.toSorted((a, b) => a - b);
    for (const [index, height] of sorted.slice(1).entries())
      expect(height - (sorted[index] ?? 0)).toBeGreaterThanOrEqual(16);
    expect(sorted[0]).toBeGreaterThan(0);
    expect(sorted.at(-1)).toBeLessThanOrEqual(435);
    for (const [index, end] of ends.entries())
      for (const [other, otherEnd] of ends.entries())
        if (end < otherEnd) expect(placed[index]).toBeLessThan(placed[other] ?? 0);
  }
});
