// `npm run bench -- [NAME ...] [--json] [--chart FILE]`: runs the benchmarks, prints their rows, draws how cost grows.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { benchCli } from './cli.ts';
import { benchHost } from './host.ts';
import { benchIdle } from './idle.ts';
import { benchDelta } from './delta.ts';
import { benchFleet } from './fleet.ts';
import { drawGrowth } from './growth-chart.ts';
import { benchLogin } from './login.ts';
import { benchLogins } from './logins.ts';
import { benchNss } from './nss.ts';
import { benchPeers } from './peers.ts';
import { benchRevoke } from './revoke.ts';
import { benchSync } from './sync.ts';
import { benchTestbed } from './testbed.ts';
import { renderTable, type Row } from './row.ts';

const BENCHES: Readonly<Record<string, () => Row[] | Promise<Row[]>>> = {
  host: benchHost,
  login: async () => [
    ...benchLogin(),
    ...(await benchPeers()),
    ...(await benchLogins()),
    ...(await benchRevoke()),
  ],
  cli: benchCli,
  idle: benchIdle,
  sync: async () => [...(await benchSync()), ...(await benchDelta())],
  nss: benchNss,
  fleet: benchFleet,
  testbed: benchTestbed,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    /** Where to draw how cost grows. */
    chart: { type: 'string' },
  },
});
const all: Row[] = [];
for (const name of positionals.length === 0 ? Object.keys(BENCHES) : positionals) {
  const bench = BENCHES[name];
  if (bench === undefined)
    throw new Error(`no benchmark ${name}; there are ${Object.keys(BENCHES).join(', ')}`);
  const rows = await bench();
  all.push(...rows);
  console.log(values.json ? rows.map((row) => JSON.stringify(row)).join('\n') : renderTable(rows));
}
if (values.chart !== undefined) writeFileSync(values.chart, drawGrowth(all));
