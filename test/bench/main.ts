// `npm run bench -- [NAME ...] [--json] [--record] [--chart FILE]`: measures, prints a row as soon as it is known, keeps
// the figures and draws how cost grows.
import { writeFileSync } from 'node:fs';
import { readArguments, refuseArguments } from '../../src/demo/arguments.ts';
import { findObstacle } from '../support/obstacle.ts';
import { BENCH_NAMES, chooseBenches, needsNode } from './benches.ts';
import { drawGrowth } from './growth-chart.ts';
import { describeMachine, readLoad } from './machine.ts';
import { clearProgress, showProgress } from './progress.ts';
import { recordRun } from './record.ts';
import { renderHeader, renderRow, type Row } from './row.ts';

const USAGE = `usage: npm run bench -- [NAME]... [--json] [--record] [--chart FILE]

Measures, and prints a row as soon as it is known; without a NAME all there are. It installs what it needs. Some need root on
Debian or Ubuntu; it names those that it leaves out.

  --json        a JSON object a row, instead of the table
  --record      writes test/bench/README.md, figures.json and growth.svg
  --chart FILE  draws how time grows with the number of people

A NAME is one of these; login and sync are all that begin so:
${BENCH_NAMES.map((name) => `  ${name}\n`).join('')}`;

const { values, positionals } = readArguments(USAGE, {
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    /** Puts the figures into test/bench/README.md, beside those of the benchmarks that do not run now. */
    record: { type: 'boolean', default: false },
    /** Where to draw how cost grows in this run. */
    chart: { type: 'string' },
  },
});
// Programs that a benchmark has started end with this one, however it ends.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

const benches = choose();
const machine = describeMachine();
const load = readLoad();
const all: Row[] = [];
if (!values.json) console.log(`${machine}; load average ${load}\n\n${renderHeader()}`);
for (const [index, [name, bench]] of benches.entries()) {
  const obstacle = needsNode(name) ? findObstacle() : null;
  if (obstacle !== null) {
    console.error(`${name} is not measured: ${obstacle}`);
    continue;
  }
  showProgress(`${name} (${index + 1} of ${benches.length})`);
  const at = new Date().toISOString();
  try {
    const rows = await bench();
    clearProgress();
    all.push(...rows);
    for (const row of rows) console.log(values.json ? JSON.stringify(row) : renderRow(row));
    if (values.record) recordRun(name, { at, machine, load, rows });
  } catch (error) {
    // The others have their figures all the same.
    clearProgress();
    console.error(`${name} failed:`, error);
    process.exitCode = 1;
  }
}
if (values.chart !== undefined) writeFileSync(values.chart, drawGrowth(all));

function choose(): ReturnType<typeof chooseBenches> {
  try {
    return chooseBenches(positionals);
  } catch (error) {
    return refuseArguments(USAGE, error);
  }
}
