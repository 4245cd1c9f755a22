// Answers the agent's requests over one channel: fetches one after the other, single reads at once.
import type { Duplex } from 'node:stream';
import { AgentError, describeError } from '../common/errors.ts';
import { readMetricsAddress } from '../config/monitoring.ts';
import type { Logger } from '../common/log.ts';
import { serveFetch } from './serve-fetch.ts';
import { answerRead } from './serve-read.ts';
import { type Channel, openChannel } from '../protocol/channel.ts';
import type { MetricsListener } from './metrics-listener.ts';
import { followEvents } from './events/events.ts';
import { type Ask, askSchema, type ChangeNotice, type Say } from '../protocol/messages.ts';
import { StoreBusy } from '../protocol/store-busy.ts';
import type { Store } from './store.ts';
import { watchTokens } from './token-watch.ts';

/** Serves until the channel is closed. */
export async function serveAgent(stream: Duplex, store: Store, log: Logger): Promise<void> {
  const channel = openChannel(stream);
  const end = new Promise<void>((resolve) => channel.onClose(() => resolve()));
  const closing = new AbortController();
  let fetches = Promise.resolve();

  function answer(ask: Ask): void {
    if (ask.ask === 'pass')
      fetches = fetches.then(() => sendAnswer(ask.n, () => serveFetch(channel, ask, store)));
    else if (ask.ask === 'read') void sendAnswer(ask.n, () => answerRead(ask, store));
    else if (ask.ask === 'probe') void sendAnswer(ask.n, () => answerProbe(ask, store));
    else if (ask.ask === 'read-secrets' || ask.ask === 'write-secrets')
      void sendAnswer(ask.n, () => answerSecrets(ask, store));
    else if (ask.ask === 'resume') store.client.resume();
    else if (ask.ask === 'announce') store.client.announce(ask.snapshot);
    else if (ask.ask === 'watch') watch();
    else if (ask.ask === 'metrics') void showMetrics(ask.text, store, log).catch(logError);
  }

  /** Sends the answer, or the failure, that ends a request; a closed channel needs neither. */
  async function sendAnswer(n: number, work: () => Promise<Say>): Promise<void> {
    const say = await work().catch((error: unknown) => describeFailure(n, error));
    await sendTraffic(channel, store)
      .then(() => channel.send(say))
      .catch(logError);
  }

  function watch(): void {
    const { scim } = store.config;
    const notify = (notice: Omit<ChangeNotice, 'say'>): void =>
      void channel.send({ say: 'look', ...notice } satisfies Say).catch(() => {});
    watchTokens(scim.tokens, store.root, () => notify({ mode: 'full', resources: [] }), closing.signal);
    void followEvents(store, notify, closing.signal, log);
  }

  function logError(error: unknown): void {
    log.error(describeError(error));
  }

  channel.onMessage((message) => answer(askSchema.parse(message)));
  await channel.send({ say: 'hello', protocol: 4 } satisfies Say);
  await end;
  closing.abort();
}

async function answerProbe(ask: Extract<Ask, { ask: 'probe' }>, { config, root }: Store): Promise<Say> {
  const { probeStore } = await import('./probe.ts');
  return { say: 'probe', n: ask.n, ...(await probeStore(config.scim, root, ask.groups)) };
}

/** Loads the client of the API server only where there are Secrets to fill. */
async function answerSecrets(
  ask: Extract<Ask, { ask: 'read-secrets' | 'write-secrets' }>,
  { config, root }: Store,
): Promise<Say> {
  const { serveSecrets } = await import('./secrets/serve-secrets.ts');
  return serveSecrets(ask, config.publish.secrets, root);
}

async function sendTraffic(channel: Channel, store: Store): Promise<void> {
  const traffic = store.traffic.drain();
  if (traffic !== null) await channel.send({ say: 'traffic', ...traffic } satisfies Say);
}

let metrics: MetricsListener | null = null;

/** Loads the listener only if it is configured. */
async function showMetrics(text: string, { config }: Store, log: Logger): Promise<void> {
  const address = readMetricsAddress(config.metrics);
  if (address === null) return;
  metrics ??= (await import('./metrics-listener.ts')).createMetricsListener(address, log);
  metrics.show(text);
}

function describeFailure(n: number, error: unknown): Say {
  if (!(error instanceof AgentError))
    return { say: 'failed', n, code: 'internal', message: describeError(error), hint: '' };
  // The message carries the causes; the hint has a field of its own.
  const message = describeError(new Error(error.message, { cause: error.cause }));
  const pause = error instanceof StoreBusy ? { pause: error.pause } : {};
  return { say: 'failed', n, code: error.code, message, hint: error.hint, ...pause };
}
