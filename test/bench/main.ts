// `npm run bench -- [NAME ...] [--json] [--record] [--chart FILE]`: measures, prints a row as soon as it is known, keeps
// the figures and draws how cost grows.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findObstacle } from '../support/obstacle.ts';
import { chooseBenches, needsNode } from './benches.ts';
import { drawGrowth } from './growth-chart.ts';
import { describeMachine, readLoad } from './machine.ts';
import { clearProgress, showProgress } from './progress.ts';
import { recordRun } from './record.ts';
import { renderHeader, renderRow, type Row } from './row.ts';

const { values, positionals } = parseArgs({
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

const benches = chooseBenches(positionals);
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
