// The last figures of each benchmark, kept with the machine that they are from, and the pages that are made of them.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BENCH_NAMES } from './benches.ts';
import { drawGrowth } from './growth-chart.ts';
import { judgeRow, type Row } from './row.ts';

/** One run of one benchmark. */
export interface Run {
  /** When it began, RFC 3339. */
  readonly at: string;
  readonly machine: string;
  /** The load average when the command began, before any benchmark. */
  readonly load: number;
  readonly rows: readonly Row[];
}

/** By the name of the benchmark. */
export type Figures = Readonly<Record<string, Run>>;

const FIGURES = path.join(import.meta.dirname, 'figures.json');
/** What is made of the figures, and how. */
export const PAGES: readonly (readonly [file: string, render: (figures: Figures) => string])[] = [
  [path.join(import.meta.dirname, 'README.md'), renderFigures],
  [path.join(import.meta.dirname, 'growth.svg'), (figures) => drawGrowth(rowsOf(figures))],
];

export function readFigures(): Figures {
  return existsSync(FIGURES) ? (JSON.parse(readFileSync(FIGURES, 'utf8')) as Figures) : {};
}

export function rowsOf(figures: Figures): Row[] {
  return Object.values(figures).flatMap(({ rows }) => rows);
}

/** Puts a run in the place of the one before it, and writes the pages anew; what other benchmarks measured stays. */
export function recordRun(name: string, run: Run): void {
  const all: Record<string, Run> = { ...readFigures(), [name]: run };
  // What is no benchmark any more has no figures.
  const figures = Object.fromEntries(
    BENCH_NAMES.flatMap((known) => (all[known] === undefined ? [] : [[known, all[known]] as const])),
  );
  writeFileSync(FIGURES, writeJson(figures));
  for (const [file, render] of PAGES) writeFileSync(file, render(figures));
}

/** A row a line, so that a change of one is a change of one line. */
function writeJson(figures: Figures): string {
  const runs = Object.entries(figures).map(([name, { rows, ...about }]) => {
    const head = Object.entries(about).map(
      ([key, value]) => `    ${JSON.stringify(key)}: ${JSON.stringify(value)},`,
    );
    const lines = rows.map((row) => `      ${JSON.stringify(row)}`).join(',\n');
    return `  ${JSON.stringify(name)}: {\n${head.join('\n')}\n    "rows": [\n${lines}\n    ]\n  }`;
  });
  return `{\n${runs.join(',\n')}\n}\n`;
}

/** test/bench/README.md */
export function renderFigures(figures: Figures): string {
  const benches = Map.groupBy(Object.entries(figures), ([name]) => name.split('/')[0] ?? name);
  const machines = new Set(Object.values(figures).map(({ machine }) => machine));
  const [only = ''] = machines.size === 1 ? machines : [];
  return `# Figures

\`npm run bench -- NAME ... --record\` measures, and writes this page with \`figures.json\` and \`growth.svg\`. Without
names it runs all benchmarks; without \`--record\` it only prints. Nodes need root on Debian or Ubuntu.

Lower is better, except for reads/s. *Reference* is the peer's figure or the minimum of the machine, measured in the same
run, in turns. *Ratio* is the figure divided by it; the goal is for the ratio, or for the figure where there is none. *Half
within* is where the middle half of the measurements lies. Times depend on the machine, ratios far less. With
\`NSSCACHE=DIRECTORY\`, a checkout of coreweave/nsscache, and Debian's \`python3-pycurl\`, \`start\` has nsscache fetch the
same people in turns with sunk-agent. Beside SSSD, *cold* is a name that it was not asked for yet, and *warm* one that it
answers from memory that each program maps: for minutes that is older than the directory, and a file never is.
${only === '' ? '' : `\nMachine: ${only}.\n`}
![How time grows with the number of people](growth.svg)

${[...benches].map(([bench, runs]) => renderBench(bench, runs, only)).join('\n')}`;
}

function renderBench(bench: string, runs: readonly (readonly [string, Run])[], machine: string): string {
  const about = runs.map(([name, run]) => {
    const where = run.machine === machine ? '' : `; ${run.machine}`;
    return `\`npm run bench -- ${name}\`: ${run.at.slice(0, 16).replace('T', ' ')} UTC, load average before it ${run.load}${where}  `;
  });
  const lines = runs
    .flatMap(([, { rows }]) => rows)
    .map((row) =>
      [
        `\`${row.bench} ${row.row}\``,
        `${row.measured} ${row.unit}`,
        row.spread?.join(' to ') ?? '',
        row.reference === null ? '' : `${row.reference} ${row.unit}`,
        row.reference === null ? '' : row.ratio,
        row.goal ?? '',
        judgeRow(row),
      ].join(' | '),
    );
  return `## ${bench}

${about.join('\n')}

| row | measured | half within | reference | ratio | goal | |
|---|---|---|---|---|---|---|
${lines.map((line) => `| ${line} |`).join('\n')}
`;
}
