import { expect, test } from 'vitest';
import { BENCH_NAMES, chooseBenches } from './benches.ts';
import { renderFigures } from './record.ts';
import { makeRow } from './row.ts';

test('the page says by which command, when and on what machine each figure came about', () => {
  const rows = [
    makeRow({ bench: 'login', row: 'many', unit: 'ms', ours: 4, samples: [3, 4, 5], reference: 2, goal: 2 }),
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
  expect(() => names('log')).toThrow('there are login/helper, ');
});
