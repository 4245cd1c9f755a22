// `npm run bench [NAME ...] [--json]`: runs the benchmarks and prints their rows.
import { benchCli } from './cli.ts';
import { benchHost } from './host.ts';
import { benchIdle } from './idle.ts';
import { benchDelta } from './delta.ts';
import { benchLogin } from './login.ts';
import { benchLogins } from './logins.ts';
import { benchNss } from './nss.ts';
import { benchPeers } from './peers.ts';
import { benchRevoke } from './revoke.ts';
import { benchSync } from './sync.ts';
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
};

const wantsJson = process.argv.includes('--json');
const named = process.argv.slice(2).filter((word) => !word.startsWith('--'));
for (const name of named.length === 0 ? Object.keys(BENCHES) : named) {
  const bench = BENCHES[name];
  if (bench === undefined)
    throw new Error(`no benchmark ${name}; there are ${Object.keys(BENCHES).join(', ')}`);
  const rows = await bench();
  console.log(wantsJson ? rows.map((row) => JSON.stringify(row)).join('\n') : renderTable(rows));
}
