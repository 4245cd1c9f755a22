// `npm run faults -- --seed S --minutes M`: the fault campaign. A seed that failed, given again, does the same again.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type Figures, runCampaign } from './campaign.ts';
import { runSlurmCampaign, type SlurmFigures } from './slurm-campaign.ts';
import { listNodeFaults } from './node-faults.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string', default: '2' },
    rounds: { type: 'string' },
    /** Kills of Slurm's daemons instead, on a booted node. */
    slurm: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
/** Progress, where there is no terminal. */
const SAY_EVERY_MS = 600_000;
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
const minutes = Number(values.minutes);
const rounds = values.rounds === undefined ? Infinity : Number(values.rounds);
if (![seed, minutes].every(Number.isFinite) || Number.isNaN(rounds)) {
  console.error(
    'usage: npm run faults -- [--seed NUMBER] [--minutes NUMBER] [--rounds NUMBER] [--slurm] [--json]',
  );
  process.exit(64);
}

console.error(`seed ${seed}, ${minutes} minutes`);
for (const missing of listNodeFaults().missing) console.error(`not here: ${missing}`);
const span = { until: Date.now() + minutes * 60_000 };
// A second one ends it at once, and leaves the nodes' file systems behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    console.error(`${signal}: it ends after this round`);
    span.until = 0;
  });

let sofar: Figures | SlurmFigures | null = null;
let saidAt = Date.now();
try {
  const run = values.slurm ? runSlurmCampaign : runCampaign;
  const figures = await run(seed, rounds, span, (now: Figures | SlurmFigures) => {
    sofar = structuredClone(now);
    const text = `${now.rounds} rounds, ${'syncs' in now ? `${now.syncs} syncs` : `${now.changes} changes`}`;
    if (process.stderr.isTTY) process.stderr.write(`\r${text} `);
    else if (Date.now() - saidAt > SAY_EVERY_MS) {
      saidAt = Date.now();
      console.error(`${new Date().toISOString()} ${text}`);
    }
  });
  console.log(
    values.json ? JSON.stringify({ seed, ...figures }) : `seed ${seed}: ${JSON.stringify(figures, null, 2)}`,
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(`until then: ${JSON.stringify(sofar)}`);
  console.error(
    `again: npm run faults -- --seed ${seed} --minutes ${minutes}${values.slurm ? ' --slurm' : ''}`,
  );
  process.exitCode = 1;
}
