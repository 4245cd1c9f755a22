// Entry of the reader process: it has the token and the network, no rights on the host, and one socket to the agent.
import { Socket, createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createLogDedup } from '../common/log-dedup.ts';
import { loadConfig } from '../config/config.ts';
import { AgentError, describeError } from '../common/errors.ts';
import { createLogger, escapeLine } from '../common/log.ts';
import { pathsUnder } from '../common/paths.ts';
import { serveAgent } from './serve.ts';
import { openStore } from './store.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      config: { type: 'string' },
      root: { type: 'string', default: '/' },
      socket: { type: 'string' },
    },
  });
  const log = createLogger('reader');
  const config = loadConfig(values.config ?? pathsUnder(values.root).config);
  const store = openStore(config, values.root);
  if (values.socket === undefined) {
    await serveAgent(new Socket({ fd: 3, readable: true, writable: true }), store, log);
    await store.client.close();
    return;
  }
  const failures = createLogDedup(log);
  for (;;) {
    const stream = createConnection(values.socket);
    stream.once('connect', () => failures.note(null));
    stream.once('error', (error) => failures.note(`the agent cannot be reached: ${describeError(error)}`));
    await serveAgent(stream, store, log).catch((error: unknown) => failures.note(describeError(error)));
    await sleep(1000);
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(escapeLine(`sunk-agent reader: ${describeError(error)}\n`));
  process.exitCode = error instanceof AgentError ? (error.exit ?? 1) : 70;
}
