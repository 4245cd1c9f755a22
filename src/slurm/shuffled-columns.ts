// Columns of a list of Slurm in an order that is new each time. Slurm prints a name with a newline in it as it is, and a
// coordinator of one account may make such names: with a known order they could write whole rows about others.
import { randomInt } from 'node:crypto';

export interface ShuffledColumns<Column extends string> {
  /** In the order to ask for. */
  readonly order: readonly Column[];
  /**
   * The lines that fit, with their fields in the order of `columns`. A line of another shape has, or is part of, a name with
   * a `|` or a newline.
   */
  readonly restore: (text: string) => Restored;
}

export interface Restored {
  readonly rows: readonly (readonly string[])[];
  /** Every line fits. */
  readonly isWhole: boolean;
}

/** @param pick below its argument. */
export function shuffleColumns<Column extends string>(
  columns: readonly Column[],
  pick: (below: number) => number = (below) => randomInt(below),
): ShuffledColumns<Column> {
  const order = columns.map((_, index) => index);
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = pick(last + 1);
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return {
    order: order.flatMap((index) => columns[index] ?? []),
    restore(text) {
      const lines = text.split('\n').filter((line) => line !== '');
      const rows = lines.map((line) => line.split('|')).filter((fields) => fields.length === order.length);
      const restored = rows.map((fields) => {
        const row = Array.from({ length: order.length }, () => '');
        for (const [at, index] of order.entries()) row[index] = fields[at] ?? '';
        return row;
      });
      return { rows: restored, isWhole: rows.length === lines.length };
    },
  };
}
