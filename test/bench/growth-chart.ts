// How cost grows with the organisation, as an SVG: one line a row that was measured at several sizes, both axes logarithmic.
import type { Row } from './row.ts';

const WIDTH = 820;
const HEIGHT = 480;
const LEFT = 70;
const RIGHT = 250;
const TOP = 20;
const BOTTOM = 45;
const LABEL_HEIGHT = 16;
/** A colour a benchmark, on a light and on a dark background; a pattern a row of it, so that colour is not all that tells. */
const COLOURS = [
  ['#0969da', '#58a6ff'],
  ['#bc4c00', '#f0883e'],
  ['#1a7f37', '#56d364'],
  ['#8250df', '#d2a8ff'],
] as const;
const DASHES = ['none', '7 3', '2 3', '9 3 2 3'] as const;
const MICROSECONDS: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6 };

interface Line {
  readonly bench: string;
  readonly name: string;
  /** Size of the organisation and microseconds. */
  readonly points: readonly (readonly [size: number, us: number])[];
}

/** Rows whose name holds a size (`100`, `10k`, `100000`) and whose unit is a time; the same name otherwise is one line. */
export function gatherLines(rows: readonly Row[]): Line[] {
  const lines = new Map<string, { bench: string; points: [number, number][] }>();
  for (const { bench, row, unit, measured } of rows) {
    const found = /-(\d+)(k?)(?=-|$)/.exec(row);
    const scale = MICROSECONDS[unit];
    if (found === null || scale === undefined || measured <= 0) continue;
    const name = `${bench} ${row.replace(found[0], '').replace(/-(us|ms|s)(?=-|$)/, '')}`;
    const size = Number(found[1]) * (found[2] === 'k' ? 1000 : 1);
    const line = lines.get(name) ?? { bench, points: [] };
    line.points.push([size, measured * scale]);
    lines.set(name, line);
  }
  return [...lines]
    .filter(([, { points }]) => points.length > 1)
    .map(([name, { bench, points }]) => ({ bench, name, points: points.sort(([a], [b]) => a - b) }));
}

/** The chart; an empty text where nothing was measured at several sizes. */
export function drawGrowth(rows: readonly Row[]): string {
  const lines = gatherLines(rows);
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return '';
  const x = makeScale(
    points.map(([size]) => size),
    LEFT,
    WIDTH - RIGHT,
  );
  const y = makeScale(
    points.map(([, us]) => us),
    HEIGHT - BOTTOM,
    TOP,
  );
  const labels = placeLabels(lines.map(({ points: own }) => y.at(own.at(-1)?.[1] ?? 1)));
  const benches = [...new Set(lines.map(({ bench }) => bench))];
  const drawn = lines.map(({ bench, name, points: own }, index) => {
    const colour = `c${benches.indexOf(bench) % COLOURS.length}`;
    const nth = lines.slice(0, index).filter((line) => line.bench === bench).length;
    const path = own.map(([size, us], at) => `${at === 0 ? 'M' : 'L'}${x.at(size)} ${y.at(us)}`).join('');
    const [lastSize, lastUs] = own.at(-1) ?? [1, 1];
    const label = labels[index] ?? 0;
    return `<g class="${colour}">
<path d="${path}" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="${DASHES[nth % DASHES.length]}"/>
${own.map(([size, us]) => `<circle cx="${x.at(size)}" cy="${y.at(us)}" r="3" fill="currentColor"/>`).join('')}
<path d="M${x.at(lastSize) + 5} ${y.at(lastUs)}L${WIDTH - RIGHT + 28} ${label}" fill="none" stroke="currentColor" stroke-width="0.7"/>
<text x="${WIDTH - RIGHT + 33}" y="${label + 4}" fill="currentColor">${name}</text>
</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img" aria-labelledby="title desc">
<title id="title">How time grows with the number of people</title>
<desc id="desc">${lines.map(describeLine).join('. ')}.</desc>
<style>
.paper { fill: #ffffff } .ink { fill: #24292f } .grid { stroke: #d0d7de }
${COLOURS.map(([light], index) => `.c${index} { color: ${light} }`).join(' ')}
@media (prefers-color-scheme: dark) {
.paper { fill: #0d1117 } .ink { fill: #e6edf3 } .grid { stroke: #30363d }
${COLOURS.map(([, dark], index) => `.c${index} { color: ${dark} }`).join(' ')}
}
</style>
<rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>
${x.decades.map((size) => `<path class="grid" d="M${x.at(size)} ${TOP}V${HEIGHT - BOTTOM}"/><text class="ink" x="${x.at(size)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${size.toLocaleString('en')}</text>`).join('\n')}
${y.decades.map((us) => `<path class="grid" d="M${LEFT} ${y.at(us)}H${WIDTH - RIGHT}"/><text class="ink" x="${LEFT - 8}" y="${y.at(us) + 4}" text-anchor="end">${writeTime(us)}</text>`).join('\n')}
${drawn.join('\n')}
<text class="ink" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">people</text>
</svg>
`;
}

/** Whole decades around all values, from one place to the other. */
function makeScale(values: readonly number[], from: number, to: number) {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  return {
    at: (value: number): number =>
      Math.round((from + ((Math.log10(value) - low) / (high - low)) * (to - from)) * 10) / 10,
    decades: Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)),
  };
}

/** Heights of the labels: each as near to the end of its line as the others let it, none over another or outside. */
export function placeLabels(ends: readonly number[]): number[] {
  const order = ends.map((_, index) => index).sort((a, b) => (ends[a] ?? 0) - (ends[b] ?? 0));
  const placed: number[] = [];
  let lowest = TOP;
  for (const index of order) {
    placed[index] = Math.max(ends[index] ?? 0, lowest);
    lowest = (placed[index] ?? 0) + LABEL_HEIGHT;
  }
  let highest = HEIGHT - BOTTOM;
  for (const index of order.toReversed()) {
    placed[index] = Math.min(placed[index] ?? 0, highest);
    highest = (placed[index] ?? 0) - LABEL_HEIGHT;
  }
  return placed;
}

/** For those who cannot see the line. */
function describeLine({ name, points }: Line): string {
  const ends = [points[0], points.at(-1)].flatMap((point) => (point === undefined ? [] : [point]));
  return `${name}: ${ends.map(([size, us]) => `${writeTime(us)} at ${size.toLocaleString('en')}`).join(', ')}`;
}

function writeTime(us: number): string {
  const [value, unit] = us >= 1e6 ? [us / 1e6, 's'] : us >= 1e3 ? [us / 1e3, 'ms'] : [us, 'us'];
  return `${Number(value.toPrecision(3))} ${unit}`;
}
