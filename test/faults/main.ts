// `npm run faults -- --seed S --minutes M`: the fault campaign. A seed that failed, given again, does the same again.
import { randomInt } from 'node:crypto';
import { readArguments, refuseArguments } from '../../src/demo/arguments.ts';
import { type Figures, runCampaign } from './campaign.ts';
import { runSlurmCampaign, type SlurmFigures } from './slurm-campaign.ts';
import { type FollowersFigures, runFollowersCampaign } from './followers-campaign.ts';
import { listNodeFaults } from './node-faults.ts';

const USAGE = `usage: npm run faults -- [--seed NUMBER] [--minutes NUMBER] [--rounds NUMBER] [--slurm | --followers] [--json]

Random changes and faults on two login nodes, checked against a model. A seed that failed, given again, does the same again.

  --seed NUMBER     of the random numbers (default: a new one, which it prints)
  --minutes NUMBER  how long (default: 2)
  --rounds NUMBER   at most so many rounds
  --slurm           Slurm's daemons instead, on a booted node
  --followers       a publisher, its volume and its followers instead
  --json            the figures as JSON
`;

const { values } = readArguments(USAGE, {
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string', default: '2' },
    rounds: { type: 'string' },
    /** Kills of Slurm's daemons instead, on a booted node. */
    slurm: { type: 'boolean', default: false },
    /** A publisher, its volume and its followers instead. */
    followers: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
/** Progress, where there is no terminal. */
const SAY_EVERY_MS = 600_000;
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
const minutes = Number(values.minutes);
const rounds = values.rounds === undefined ? Infinity : Number(values.rounds);
if (![seed, minutes].every(Number.isFinite) || Number.isNaN(rounds))
  refuseArguments(USAGE, 'NUMBER must be a number');

console.error(`seed ${seed}, ${minutes} minutes`);
for (const missing of listNodeFaults().missing) console.error(`not here: ${missing}`);
const span = { until: Date.now() + minutes * 60_000 };
// A second one ends it at once, and leaves the nodes' file systems behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    console.error(`${signal}: it ends after this round`);
    span.until = 0;
  });

type AnyFigures = Figures | SlurmFigures | FollowersFigures;
let sofar: AnyFigures | null = null;
let saidAt = Date.now();
try {
  const run = values.slurm ? runSlurmCampaign : values.followers ? runFollowersCampaign : runCampaign;
  const figures = await run(seed, rounds, span, (now: AnyFigures) => {
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
    `again: npm run faults -- --seed ${seed} --minutes ${minutes}${values.slurm ? ' --slurm' : values.followers ? ' --followers' : ''}`,
  );
  process.exitCode = 1;
}
