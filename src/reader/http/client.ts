// The client of the store: the right origin, a bearer token, retries, and an error that says what to fix.
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config/config.ts';
import { AgentError } from '../../common/errors.ts';
import { readTokens } from '../../config/tokens.ts';
import type { TrafficTally } from '../../protocol/traffic.ts';
import { ASK_AGAIN_MS, StoreBusy } from '../../protocol/store-busy.ts';
import type { Answer } from './answer.ts';
import { checkStatus } from './check-status.ts';
import { explainFault } from './explain-fault.ts';
import { readProxySetting } from './proxy-setting.ts';
import { type Call, exchange } from './exchange.ts';
import type { Meter } from './meter.ts';
import { isNotListening, LONGEST_WAIT_MS, TransientFailure, waitAfter } from './retry.ts';
import { openTransport, type Transport } from './transport.ts';

export interface ScimClient {
  /**
   * GETs a path below the base URL, with retries. 200, 400 and 404 are answers; anything else is an error.
   * @throws AgentError token_missing, ca_file, store_unreachable, store_busy, store_refused_token, store_forbidden,
   * store_answer, store_bound
   */
  get(path: string, query: Readonly<Record<string, string>>, meter: Meter): Promise<Answer>;
  /** POSTs JSON once, for a long poll that may take `seconds`; otherwise the same. */
  post(path: string, body: unknown, seconds: number, meter: Meter): Promise<Answer>;
  /** A person asks: a pause that the store wanted is over, unless it was asked within the last 10 s. */
  resume(): void;
  /** Requests tell from here on that the node has this snapshot, if the configuration wants it told. */
  announce(snapshot: string): void;
  close(): Promise<void>;
}

const ATTEMPTS = 4;

export interface ClientOptions {
  /** How the store answered, for the metrics. */
  readonly traffic: TrafficTally;
  /** In [0, 1), for the jitter. */
  readonly random: () => number;
}

/** What the client keeps between calls. */
interface ClientState extends ClientOptions {
  readonly scim: Config['scim'];
  readonly root: string;
  readonly transport: Transport;
  readonly base: URL;
  /** The token that was accepted last, which is tried first. */
  accepted: string | null;
  /** What the store asked for: no requests until then; null: nothing. */
  busy: StoreBusy | null;
  /** When `resume` last ended a pause, epoch milliseconds. */
  resumedAt: number;
  /** The value of Sunk-Agent-Snapshot (`scim.announce`): a hash and the node's name, nothing of the records. */
  announcement: string | null;
}

/** A client with one pool of connections, for the life of the reader. */
export function createClient(scim: Config['scim'], root: string, options: ClientOptions): ScimClient {
  const { bounds } = scim;
  const base = new URL(`${scim.base_url}/`);
  const transport = openTransport(scim, root);
  const state: ClientState = {
    ...options,
    scim,
    root,
    transport,
    base,
    accepted: null,
    busy: null,
    resumedAt: 0,
    announcement: null,
  };
  const locate = (path: string): URL => new URL(path.replace(/^\//, ''), base);
  return {
    get(path, query, meter) {
      const url = locate(path);
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      const call = { method: 'GET', url, body: null, seconds: bounds.request, attempts: ATTEMPTS } as const;
      return sendWithTokens(state, call, meter);
    },
    post(path, body, seconds, meter) {
      const text = JSON.stringify(body);
      const call = { method: 'POST', url: locate(path), body: text, seconds, attempts: 1 } as const;
      return sendWithTokens(state, call, meter);
    },
    resume() {
      const { busy, resumedAt } = state;
      const now = Date.now();
      if (busy === null || now - Math.max(busy.pause.since, resumedAt) < ASK_AGAIN_MS) return;
      state.busy = null;
      state.resumedAt = now;
    },
    announce(snapshot) {
      if (scim.announce) state.announcement = `${snapshot}; node="${nodeName()}"`;
    },
    close: () => transport.close(),
  };
}

/** The host name, reduced to what a header may hold. */
function nodeName(): string {
  return hostname()
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 64);
}

/** Tries each token until the store accepts one. */
async function sendWithTokens(state: ClientState, call: Call, meter: Meter): Promise<Answer> {
  checkPause(state);
  const { accepted } = state;
  const tokens = readTokens(state.scim.tokens, state.root);
  const order = accepted !== null && tokens.includes(accepted) ? [accepted, ...tokens] : tokens;
  let refusal: Answer | null = null;
  for (const token of new Set(order)) {
    const answer = await sendWithRetries(state, call, token, meter);
    if (answer.status !== 401 && answer.status !== 403) {
      state.accepted = token;
      return checkStatus(answer, call.url, tokens);
    }
    // A known token without the permission explains more than an unknown one.
    if (refusal?.status !== 403) refusal = answer;
  }
  if (refusal === null) throw new AgentError('token_missing', 'no token is configured');
  return checkStatus(refusal, call.url, tokens);
}

/** Repeats transient failures, up to `call.attempts`. */
async function sendWithRetries(state: ClientState, call: Call, token: string, meter: Meter): Promise<Answer> {
  const { traffic, base } = state;
  const { bounds } = state.scim;
  for (let n = 1; ; n += 1) {
    meter.noteRequest(n > 1);
    try {
      const { announcement, transport } = state;
      return await exchange(call, { transport, token, announcement, bounds, traffic, meter });
    } catch (error) {
      if (!(error instanceof TransientFailure)) throw error;
      const after = error.after === null ? null : Math.min(error.after, state.scim.max_wait * 1000);
      const wait = waitAfter(n, after, state.random());
      if (after !== null && after > LONGEST_WAIT_MS) {
        state.busy = describePause(state, error, after);
        throw state.busy;
      }
      if (n >= call.attempts || isNotListening(error.cause)) {
        throw describeUnreached(error, base);
      }
      traffic.countRetry();
      await sleep(wait, undefined, { signal: meter.signal }).catch(() => meter.checkTime());
    }
  }
}

function describeUnreached({ message, cause }: TransientFailure, base: URL): AgentError {
  const where = `${base.origin} ${message}`;
  if (cause === undefined) return new AgentError('store_unreachable', where);
  const proxy = base.protocol === 'http:' ? null : readProxySetting();
  const { detail, hint } = explainFault(cause, base, proxy);
  return new AgentError('store_unreachable', where, { hint, cause: new Error(detail) });
}

/** @throws StoreBusy while the store asked for no requests; a clock that was set back ends the pause. */
function checkPause(state: ClientState): void {
  const pause = state.busy?.pause;
  if (pause === undefined) return;
  const now = Date.now();
  if (now < pause.until && now >= pause.since) throw state.busy as StoreBusy;
  state.busy = null;
}

/** @param wait milliseconds, bounded. */
function describePause(
  { base, scim }: ClientState,
  { message, after }: TransientFailure,
  wait: number,
): StoreBusy {
  const since = Date.now();
  const until = since + wait;
  const isCut = after !== null && after > wait;
  const bound = isCut
    ? `, which is the limit (scim.max_wait: ${scim.max_wait} s) of the longer time it wants`
    : '';
  return new StoreBusy(
    `${base.origin} ${message} and asks for no requests until ${new Date(until).toISOString()}${bound}`,
    { since, until },
  );
}
