// How cost grows with the organisation, as an SVG: one line a row that was measured at several sizes, both axes logarithmic.
import type { Row } from './row.ts';

const WIDTH = 760;
const HEIGHT = 420;
const LEFT = 70;
const RIGHT = 230;
const TOP = 30;
const BOTTOM = 45;
const COLOURS = ['#1f6feb', '#cf222e', '#1a7f37', '#9a6700', '#8250df', '#0a7c86', '#bc4c00', '#57606a'];
const MICROSECONDS: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6 };

interface Line {
  readonly name: string;
  /** Size of the organisation and microseconds. */
  readonly points: readonly (readonly [size: number, us: number])[];
}

/** Rows whose name holds a size (`100`, `10k`, `100000`) and whose unit is a time; the same name otherwise is one line. */
export function gatherLines(rows: readonly Row[]): Line[] {
  const lines = new Map<string, [number, number][]>();
  for (const { bench, row, unit, ours } of rows) {
    const found = /-(\d+)(k?)(?=-|$)/.exec(row);
    const scale = MICROSECONDS[unit];
    if (found === null || scale === undefined || ours <= 0) continue;
    const name = `${bench} ${row.replace(found[0], '').replace(/-(us|ms|s)(?=-|$)/, '')}`;
    const size = Number(found[1]) * (found[2] === 'k' ? 1000 : 1);
    lines.set(name, [...(lines.get(name) ?? []), [size, ours * scale]]);
  }
  return [...lines]
    .filter(([, points]) => points.length > 1)
    .map(([name, points]) => ({ name, points: points.sort(([a], [b]) => a - b) }));
}

/** The chart; an empty text where nothing was measured at several sizes. */
export function drawGrowth(rows: readonly Row[]): string {
  const lines = gatherLines(rows);
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return '';
  const decades = (values: readonly number[]): [number, number] => [
    Math.floor(Math.log10(Math.min(...values))),
    Math.ceil(Math.log10(Math.max(...values))),
  ];
  const [fromX, toX] = decades(points.map(([size]) => size));
  const [fromY, toY] = decades(points.map(([, us]) => us));
  const x = (size: number): number =>
    round(LEFT + ((Math.log10(size) - fromX) / Math.max(1, toX - fromX)) * (WIDTH - LEFT - RIGHT));
  const y = (us: number): number =>
    round(HEIGHT - BOTTOM - ((Math.log10(us) - fromY) / Math.max(1, toY - fromY)) * (HEIGHT - TOP - BOTTOM));
  const range = (from: number, to: number): number[] =>
    Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index));
  const grid = [
    ...range(fromX, toX).map(
      (size) =>
        `<path d="M${x(size)} ${TOP}V${HEIGHT - BOTTOM}" stroke="#d0d7de"/>` +
        `<text x="${x(size)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${size.toLocaleString('en')}</text>`,
    ),
    ...range(fromY, toY).map(
      (us) =>
        `<path d="M${LEFT} ${y(us)}H${WIDTH - RIGHT}" stroke="#d0d7de"/>` +
        `<text x="${LEFT - 8}" y="${y(us) + 4}" text-anchor="end">${writeTime(us)}</text>`,
    ),
  ];
  const drawn = lines.map(({ name, points: own }, index) => {
    const colour = COLOURS[index % COLOURS.length];
    const dashes = index < COLOURS.length ? '' : ' stroke-dasharray="5 3"';
    const path = own.map(([size, us], at) => `${at === 0 ? 'M' : 'L'}${x(size)} ${y(us)}`).join('');
    const label = TOP + 8 + index * 18;
    return (
      `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"${dashes}/>` +
      own.map(([size, us]) => `<circle cx="${x(size)}" cy="${y(us)}" r="3" fill="${colour}"/>`).join('') +
      `<path d="M${WIDTH - RIGHT + 16} ${label - 4}h18" stroke="${colour}" stroke-width="2"${dashes}/>` +
      `<text x="${WIDTH - RIGHT + 40}" y="${label}">${name}</text>`
    );
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#24292f">`,
    '<title>How time grows with the number of people</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...grid,
    ...drawn,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">people</text>`,
    '</svg>\n',
  ].join('\n');
}

function writeTime(us: number): string {
  if (us >= 1e6) return `${us / 1e6} s`;
  return us >= 1e3 ? `${us / 1e3} ms` : `${us} us`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
