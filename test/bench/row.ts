// One figure of a benchmark, and how it is printed: a JSON object a line, or a table for people.
import { SHORTFALLS } from './shortfalls.ts';

export interface Row {
  readonly bench: string;
  readonly row: string;
  readonly unit: string;
  /** Lower is better. */
  readonly measured: number;
  /** Measured in the same run, alternating with it; null where the figure stands alone. */
  readonly reference: number | null;
  /** `measured / reference`, or `measured` where there is no reference. */
  readonly ratio: number;
  /** null: a figure that shows how cost grows. */
  readonly goal: number | null;
  /** Between these lies half of what was measured for `measured`, in its unit; null where there is but one figure. */
  readonly spread: readonly [number, number] | null;
}

/** @param row `samples`: each of the measurements that `measured` is the middle, the sum or a quantile of, in its unit. */
export function makeRow({
  samples = [],
  ...row
}: Omit<Row, 'ratio' | 'spread'> & { readonly samples?: readonly number[] }): Row {
  const ratio = row.reference === null ? row.measured : row.measured / row.reference;
  return {
    ...row,
    spread: samples.length < 2 ? null : [round(quantile(samples, 0.25)), round(quantile(samples, 0.75))],
    measured: round(row.measured),
    reference: row.reference === null ? null : round(row.reference),
    ratio: round(ratio),
  };
}

/** Columns have their width before all rows are known, so that each is printed when it is. */
const WIDTHS = [36, 20, 20, 20, 8, 6];

export function renderHeader(): string {
  return renderLine(['row', 'measured', 'half within', 'reference', 'ratio', 'goal', '']);
}

export function renderRow(row: Row): string {
  const { bench, unit, measured, reference, ratio, goal, spread } = row;
  return renderLine([
    `${bench} ${row.row}`,
    `${measured} ${unit}`,
    spread?.join('..') ?? '',
    reference === null ? '' : `${reference} ${unit}`,
    reference === null ? '' : String(ratio),
    goal === null ? '' : String(goal),
    judgeRow(row),
  ]);
}

/** `met`, why not, or nothing where there is no goal. */
export function judgeRow({ bench, row, ratio, goal }: Row): string {
  if (goal === null) return '';
  return ratio <= goal ? 'met' : (SHORTFALLS[`${bench} ${row}`] ?? 'missed');
}

function renderLine(cells: readonly string[]): string {
  return cells
    .map((cell, column) => cell.padEnd(WIDTHS[column] ?? 0))
    .join('  ')
    .trimEnd();
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The smallest value that a share of all is not above (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
