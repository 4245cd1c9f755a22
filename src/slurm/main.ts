// Entry of the Slurm worker: it has munge's socket and Slurm's network, no rights over accounts, and no token.
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { AgentError, describeError } from '../common/errors.ts';
import { createLogDedup } from '../common/log-dedup.ts';
import { createLogger, escapeLine } from '../common/log.ts';
import { serveSlurm } from './serve-slurm.ts';

const RETRY_MS = 1000;

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { socket: { type: 'string' } } });
  if (values.socket === undefined) throw new AgentError('usage', '--socket is expected');
  const log = createLogger('slurm');
  const failures = createLogDedup(log);
  for (;;) {
    const stream = createConnection(values.socket);
    stream.once('connect', () => failures.note(null));
    stream.once('error', (error) => failures.note(`the agent cannot be reached: ${describeError(error)}`));
    await serveSlurm(stream, log).catch((error: unknown) => failures.note(describeError(error)));
    await sleep(RETRY_MS);
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(escapeLine(`sunk-agent slurm worker: ${describeError(error)}\n`));
  process.exitCode = error instanceof AgentError ? (error.exit ?? 1) : 70;
}
