// One figure of a benchmark, and how it is printed: a JSON object a line, or a table for people.

export interface Row {
  readonly bench: string;
  readonly row: string;
  readonly unit: string;
  /** Lower is better. */
  readonly ours: number;
  /** Measured in the same run, alternating with ours; null where the figure stands alone. */
  readonly reference: number | null;
  /** `ours / reference`, or `ours` where there is no reference. */
  readonly ratio: number;
  /** null: a figure that shows how cost grows. */
  readonly goal: number | null;
}

export function makeRow(row: Omit<Row, 'ratio'>): Row {
  const ratio = row.reference === null ? row.ours : row.ours / row.reference;
  return {
    ...row,
    ours: round(row.ours),
    reference: row.reference === null ? null : round(row.reference),
    ratio: round(ratio),
  };
}

export function renderTable(rows: readonly Row[]): string {
  const lines = rows.map(({ bench, row, unit, ours, reference, ratio, goal }) => [
    `${bench} ${row}`,
    `${ours} ${unit}`,
    reference === null ? '' : `${reference} ${unit}`,
    String(ratio),
    goal === null ? '' : String(goal),
    goal === null ? '' : ratio <= goal ? 'met' : 'missed',
  ]);
  const table = [['row', 'ours', 'reference', 'ratio', 'goal', ''], ...lines];
  const widths =
    table[0]?.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0))) ?? [];
  return table
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
