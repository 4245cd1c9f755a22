// The reader's entry: the token and the network, no rights over the host; it answers the agent over one socket.
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
  const complaints = createLogDedup(log);
  for (;;) {
    const stream = createConnection(values.socket);
    stream.once('connect', () => complaints.note(null));
    stream.once('error', (error) => complaints.note(`the agent cannot be reached: ${describeError(error)}`));
    await serveAgent(stream, store, log).catch((error: unknown) => complaints.note(describeError(error)));
    await sleep(1000);
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(escapeLine(`sunk-agent reader: ${describeError(error)}\n`));
  process.exitCode = error instanceof AgentError ? (error.exit ?? 1) : 70;
}
