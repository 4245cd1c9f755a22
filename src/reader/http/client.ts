// One request to the store: the right origin, a bearer token, bounds, retries, and an error that says what to mend.
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import type { Config } from '../../config/config.ts';
import { AgentError } from '../../common/errors.ts';
import { parseHttpDate } from '../../common/timestamp.ts';
import { Answer } from './answer.ts';
import { readBody } from './body.ts';
import type { Meter } from './meter.ts';
import {
  isNotListening,
  isTransientStatus,
  LONGEST_WAIT_MS,
  TransientFailure,
  readRetryAfter,
  waitAfter,
} from './retry.ts';
import { checkStatus } from './check-status.ts';
import { readTokens } from '../../config/tokens.ts';
import type { TrafficTally } from '../../protocol/traffic.ts';
import { openTransport } from './transport.ts';

export interface ScimClient {
  /**
   * GETs a path below the base URL, with retries. 200, 400 and 404 are answers; anything else is an error.
   * @throws AgentError token_missing, ca_file, store_unreachable, store_busy, store_refused_token, store_forbidden,
   * store_answer, store_bound
   */
  get(path: string, query: Readonly<Record<string, string>>, meter: Meter): Promise<Answer>;
  /** POSTs JSON once, for a long poll that may take `seconds`; otherwise the same. */
  post(path: string, body: unknown, seconds: number, meter: Meter): Promise<Answer>;
  /** Requests tell from here on that the node has this snapshot, if the configuration wants it told. */
  announce(snapshot: string): void;
  close(): Promise<void>;
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly body: string | null;
  readonly seconds: number;
  readonly attempts: number;
}

const ATTEMPTS = 4;

export interface ClientOptions {
  /** How the store answered, for the metrics. */
  readonly traffic: TrafficTally;
  /** In [0, 1), for the jitter. */
  readonly random: () => number;
}

/** A client with one pool of connections, for the life of the reader. */
export function createClient(scim: Config['scim'], root: string, options: ClientOptions): ScimClient {
  const { traffic, random } = options;
  const { bounds } = scim;
  const transport = openTransport(scim, root);
  const base = new URL(`${scim.base_url}/`);
  /** The token that was accepted last is tried first. */
  let accepted: string | null = null;
  /** The store asked to be left alone until then. */
  let patientUntil = 0;
  /** What is told of this node (`scim.announce`): its name and a hash, and nothing of the records. */
  let announcement: string | null = null;

  async function attempt(call: Call, token: string, meter: Meter): Promise<Answer> {
    let hasAnswered = false;
    const timeout = AbortSignal.timeout(call.seconds * 1000);
    try {
      const response = await transport.dispatcher().request({
        origin: call.url.origin,
        path: call.url.pathname + call.url.search,
        method: call.method,
        signal: AbortSignal.any([timeout, meter.signal]),
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/scim+json, application/json',
          'user-agent': 'sunk-agent',
          ...(announcement === null ? {} : { 'sunk-agent-snapshot': announcement }),
          ...(call.body === null ? {} : { 'content-type': 'application/json' }),
        },
        body: call.body,
      });
      hasAnswered = true;
      traffic.count(response.statusCode);
      return await readAnswer(response, meter);
    } catch (cause) {
      if (cause instanceof AgentError || cause instanceof TransientFailure) throw cause;
      if (!hasAnswered) traffic.count(null);
      meter.checkTime();
      throw new TransientFailure(
        timeout.aborted ? `no answer within ${call.seconds} s` : 'cannot be reached',
        null,
        cause,
      );
    }
  }

  async function readAnswer(response: Dispatcher.ResponseData, meter: Meter): Promise<Answer> {
    const { statusCode: status, headers } = response;
    const header = (name: string): string => String(headers[name] ?? '');
    const bytes = await readBody(response.body, bounds.page_bytes);
    if (isTransientStatus(status))
      throw new TransientFailure(`answered ${status}`, readRetryAfter(header('retry-after'), Date.now()));
    meter.noteAnswer(bytes.length, parseHttpDate(header('date')));
    const isJson = /^application\/(scim\+)?json\b/i.test(header('content-type'));
    return new Answer(status, isJson ? bytes : null, bounds.depth);
  }

  async function persist(call: Call, token: string, meter: Meter): Promise<Answer> {
    for (let n = 1; ; n += 1) {
      meter.noteRequest(n > 1);
      try {
        return await attempt(call, token, meter);
      } catch (error) {
        if (!(error instanceof TransientFailure)) throw error;
        const wait = waitAfter(n, error.after, random());
        if (error.after !== null && error.after > LONGEST_WAIT_MS) {
          patientUntil = Date.now() + error.after;
          checkPatience();
        }
        if (n >= call.attempts || isNotListening(error.cause)) {
          throw new AgentError('store_unreachable', `${base.origin} ${error.message}`, {
            cause: error.cause,
          });
        }
        traffic.countRetry();
        await sleep(wait, undefined, { signal: meter.signal }).catch(() => meter.checkTime());
      }
    }
  }

  function checkPatience(): void {
    if (patientUntil <= Date.now()) return;
    const until = new Date(patientUntil).toISOString();
    throw new AgentError('store_busy', `${base.origin} asks to be left alone until ${until}`);
  }

  async function send(call: Call, meter: Meter): Promise<Answer> {
    checkPatience();
    const tokens = readTokens(scim.tokens, root);
    const order = accepted !== null && tokens.includes(accepted) ? [accepted, ...tokens] : tokens;
    let refusal: Answer | null = null;
    for (const token of new Set(order)) {
      const answer = await persist(call, token, meter);
      if (answer.status !== 401 && answer.status !== 403) {
        accepted = token;
        return checkStatus(answer, call.url, tokens);
      }
      // A token that is known and may not says more than one that is unknown.
      if (refusal?.status !== 403) refusal = answer;
    }
    if (refusal === null) throw new AgentError('token_missing', 'no token is configured');
    return checkStatus(refusal, call.url, tokens);
  }

  function locate(path: string): URL {
    return new URL(path.replace(/^\//, ''), base);
  }

  return {
    get(path, query, meter) {
      const url = locate(path);
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      return send({ method: 'GET', url, body: null, seconds: bounds.request, attempts: ATTEMPTS }, meter);
    },
    post(path, body, seconds, meter) {
      const call = {
        method: 'POST',
        url: locate(path),
        body: JSON.stringify(body),
        seconds,
        attempts: 1,
      } as const;
      return send(call, meter);
    },
    announce(snapshot) {
      const node = hostname()
        .replaceAll(/[^A-Za-z0-9._-]/g, '-')
        .slice(0, 64);
      if (scim.announce) announcement = `${snapshot}; node="${node}"`;
    },
    close: () => transport.close(),
  };
}
