// Rows that a name with a newline would write: they are read in another order of columns than they were written in.
import { describe, expect, it } from 'vitest';
import { makeRng } from '../../faults/rng.ts';
import { shuffleColumns } from '../../../src/slurm/shuffled-columns.ts';

const COLUMNS = ['id', 'account', 'user', 'partition', 'parent', 'share'] as const;
const rng = makeRng(20_261_201);
const print = (order: readonly string[], row: Readonly<Record<string, string>>): string =>
  order.map((column) => row[column] ?? '').join('|');

describe('columns in another order each time', () => {
  it('are restored to the order that is asked for', () => {
    const seen = new Set<string>();
    for (let turn = 0; turn < 50; turn += 1) {
      const { order, restore } = shuffleColumns(COLUMNS);
      seen.add(order.join());
      const text = `${print(order, { id: '7', account: 'ml', user: 'alice', share: '1' })}\n`;
      expect(restore(text)).toEqual({ rows: [['7', 'ml', 'alice', '', '', '1']], isWhole: true });
    }
    expect(seen.size).toBeGreaterThan(20);
  });

  it('leave lines of another shape, and say so', () => {
    const { order, restore } = shuffleColumns(COLUMNS);
    const text = `${print(order, { id: '8', account: 'a|b' })}\n${print(order, { id: '9', account: 'ml', share: '1' })}\n`;
    expect(restore(text)).toEqual({ rows: [['9', 'ml', '', '', '', '1']], isWhole: false });
  });

  it('let a row that a name writes be read as it was meant in few of all orders', () => {
    // Each piece is a row of its own, had it been printed in the usual order.
    const name = 'x|y|||1\n99|ml|bob|||1\n5|x';
    let believed = 0;
    for (let turn = 0; turn < 2000; turn += 1) {
      const { order, restore } = shuffleColumns(COLUMNS, (below) => rng.below(below));
      const { rows } = restore(`${print(order, { id: '5', account: name, share: '1' })}\n`);
      if (rows.some(([id = '', account, user]) => /^\d+$/.test(id) && account === 'ml' && user === 'bob'))
        believed += 1;
    }
    expect(believed).toBeLessThan(40);
  });
});
