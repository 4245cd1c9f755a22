// The reader: the token and the network, no rights over the host. It answers the agent's questions over one socket.
import { Socket, createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Config, loadConfig } from '../config.ts';
import { AgentError, describeError } from '../errors.ts';
import { createLogger } from '../log.ts';
import { pathsUnder } from '../paths.ts';
import { isObject } from './attribute-path.ts';
import { type Channel, openChannel } from './channel.ts';
import { createClient, type ScimClient } from './client.ts';
import type { MetricsListener } from './metrics-listener.ts';
import { readList } from './pages.ts';
import { type Ask, askSchema } from './protocol.ts';
import { readTokens } from './tokens.ts';
import { createTrafficTally } from './traffic.ts';

const ERROR_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:Error';
const log = createLogger('reader');
const traffic = createTrafficTally();
let metrics: MetricsListener | null = null;

type Question = Exclude<Ask, { ask: 'metrics' }>;

/** The listener is loaded only if it is switched on. */
async function showMetrics(text: string, listen: string | null): Promise<void> {
  if (listen === null) return;
  metrics ??= (await import('./metrics-listener.ts')).createMetricsListener(listen, log);
  metrics.show(text);
}

async function answer(channel: Channel, ask: Question, config: Config, root: string): Promise<void> {
  let client: ScimClient | null = null;
  try {
    if (ask.ask === 'probe') {
      const { probeStore } = await import('./probe.ts');
      await channel.send({ say: 'probe', n: ask.n, ...(await probeStore(config.scim, root, ask.groups)) });
      return;
    }
    client = createClient(config.scim, readTokens(config.scim.tokens, root), traffic);
    if (ask.ask === 'pass') await answerPass(channel, ask.n, config, client);
    else await answerRead(channel, ask, client);
  } catch (error) {
    const code = error instanceof AgentError ? error.code : 'internal';
    const hint = error instanceof AgentError ? error.hint : '';
    const message = error instanceof AgentError ? error.message : describeError(error);
    await sendTraffic(channel);
    await channel.send({ say: 'failed', n: ask.n, code, message, hint });
  } finally {
    await client?.close();
  }
}

async function sendTraffic(channel: Channel): Promise<void> {
  const taken = traffic.take();
  if (taken !== null) await channel.send({ say: 'traffic', ...taken });
}

async function answerPass(channel: Channel, n: number, config: Config, client: ScimClient): Promise<void> {
  let serverTime: number | null = null;
  let localTime = Date.now();
  let bytes = 0;
  const complete = { User: false, Group: false };
  const problems = [];
  for (const kind of ['User', 'Group'] as const) {
    const end = await readList(
      client,
      kind,
      config.scim,
      (page) => {
        if (bytes === 0) {
          serverTime = page.serverTime;
          localTime = Date.now();
        }
        bytes += page.bytes;
      },
      (resources) => channel.send({ say: 'page', n, kind, resources }),
    );
    complete[kind] = end.isComplete;
    problems.push(...end.problems);
  }
  await sendTraffic(channel);
  await channel.send({
    say: 'end',
    n,
    complete,
    problems,
    server_time: serverTime,
    local_time: localTime,
    requests: client.requests(),
    retries: client.retries(),
    bytes,
  });
}

async function answerRead(
  channel: Channel,
  ask: Extract<Ask, { ask: 'read' }>,
  client: ScimClient,
): Promise<void> {
  const { n, kind, id } = ask;
  const { status, body } = await client.get(`/${kind}s/${encodeURIComponent(id)}`, {});
  const isScimError =
    isObject(body) && Array.isArray(body['schemas']) && body['schemas'].includes(ERROR_SCHEMA);
  const found =
    status === 200 && isObject(body) && body['id'] === id
      ? 'present'
      : status === 404 && isScimError
        ? 'absent'
        : 'unknown';
  await sendTraffic(channel);
  await channel.send({
    say: 'resource',
    n,
    kind,
    id,
    found,
    resource: found === 'present' ? body : null,
    problem: null,
  });
}

async function serve(stream: Duplex, config: Config, root: string): Promise<void> {
  const channel = openChannel(stream);
  let last = Promise.resolve();
  channel.onMessage((message) => {
    const ask = askSchema.parse(message);
    last = last
      .then(() =>
        ask.ask === 'metrics'
          ? showMetrics(ask.text, config.metrics.listen)
          : answer(channel, ask, config, root),
      )
      .catch((error: unknown) => log.error(describeError(error)));
  });
  const closed = new Promise<void>((resolve) => channel.onClose(() => resolve()));
  await channel.send({ say: 'hello', protocol: 1 });
  await closed;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      config: { type: 'string' },
      root: { type: 'string', default: '/' },
      socket: { type: 'string' },
    },
  });
  const config = loadConfig(values.config ?? pathsUnder(values.root).config);
  if (values.socket === undefined) {
    await serve(new Socket({ fd: 3, readable: true, writable: true }), config, values.root);
    return;
  }
  for (;;) {
    const stream = createConnection(values.socket);
    await serve(stream, config, values.root).catch((error: unknown) => log.warn(describeError(error)));
    await sleep(1000);
  }
}

try {
  await main();
} catch (error) {
  process.stderr.write(`sunk-agent reader: ${describeError(error)}\n`);
  process.exitCode = error instanceof AgentError ? (error.exit ?? 1) : 70;
}
