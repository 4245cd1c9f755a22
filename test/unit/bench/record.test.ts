import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BENCH_NAMES, chooseBenches } from '../../bench/benches.ts';
import { PAGES, readFigures, renderFigures, rowsOf } from '../../bench/record.ts';
import { judgeRow, makeRow } from '../../bench/row.ts';
import { SHORTFALLS } from '../../bench/shortfalls.ts';

const figures = readFigures();

describe('the recorded figures', () => {
  test('are of every benchmark', () => expect(Object.keys(figures)).toEqual(BENCH_NAMES));

  test.each(PAGES)('%s is what is made of them', (file, render) => {
    expect(readFileSync(file, 'utf8')).toBe(render(figures));
  });

  test('meet each goal, or say in a sentence why not', () => {
    const judged = rowsOf(figures).map((row) => `${row.bench} ${row.row}: ${judgeRow(row)}`);
    expect(judged.filter((line) => line.endsWith(': missed'))).toEqual([]);
  });

  test('have each row once, and a sentence only for one that misses its goal', () => {
    const rows = rowsOf(figures);
    const names = rows.map(({ bench, row }) => `${bench} ${row}`);
    expect(new Set(names).size).toBe(names.length);
    const missed = rows.filter(({ ratio, goal }) => goal !== null && ratio > goal);
    expect(missed.map(({ bench, row }) => `${bench} ${row}`)).toEqual(
      expect.arrayContaining(Object.keys(SHORTFALLS)),
    );
  });

  test('are of 100 to 100,000 people where it matters how cost grows', () => {
    const chart = readFileSync(PAGES[1]?.[0] ?? '', 'utf8');
    for (const bench of ['sync', 'host', 'login', 'nss'])
      expect(chart).toMatch(new RegExp(`${bench} [\\w-]+: .*? at 100, .*? at 100,000\\.`));
  });
});

test('the page says by which command, when and on what machine each figure came about', () => {
  const rows = [
    makeRow({
      bench: 'login',
      row: 'many',
      unit: 'ms',
      measured: 4,
      samples: [3, 4, 5],
      reference: 2,
      goal: 2,
    }),
  ];
  const run = { at: '2026-01-02T03:04:05Z', machine: 'a fast one', load: 0.5, rows };
  const page = renderFigures({ 'login/helper': run, cli: { ...run, machine: 'a slow one', rows: [] } });
  expect(page).toContain(
    '## login\n\n`npm run bench -- login/helper`: 2026-01-02 03:04 UTC, load average before it 0.5',
  );
  expect(page).toContain('; a slow one');
  expect(page).toContain('| `login many` | 4 ms | 3 to 5 | 2 ms | 2 | 2 | met |');
  expect(renderFigures({ cli: run })).toContain('Machine: a fast one.');
});

test('a name chooses all that begins so, and one that is of nothing is refused', () => {
  const names = (...chosen: string[]) => chooseBenches(chosen).map(([name]) => name);
  expect(names('sync', 'login/peers')).toEqual(['login/peers', 'sync/sizes', 'sync/daemon']);
  expect(names('login/revoke')).toEqual(['login/revoke']);
  expect(names()).toEqual(BENCH_NAMES);
  expect(() => names('log')).toThrow('there is no benchmark log');
});
