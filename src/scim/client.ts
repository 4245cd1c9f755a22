// One request to the store: the right origin, a bearer token, bounds, retries, and an error that says what to mend.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Dispatcher, EnvHttpProxyAgent } from 'undici';
import type { Config } from '../config.ts';
import { AgentError } from '../errors.ts';
import { isObject } from './attribute-path.ts';
import { createTrafficTally, type TrafficTally } from './traffic.ts';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** Bytes of the body. */
  readonly bytes: number;
  /** The server's `Date`, epoch ms; null if it sent none. */
  readonly serverTime: number | null;
  /** Whether a body of another media type came, such as a proxy's HTML page. */
  readonly isJson: boolean;
}

export interface ScimClient {
  /**
   * GETs a path below the base URL. 200 and 404 are answers; anything else is an error.
   * @throws AgentError store_unreachable, store_refused_token, store_forbidden, store_answer, store_bound
   */
  get(path: string, query: Readonly<Record<string, string>>): Promise<Answer>;
  readonly requests: () => number;
  readonly retries: () => number;
  close(): Promise<void>;
}

const ATTEMPTS = 4;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const RETRIED = new Set([408, 429, 500, 502, 503, 504]);

/** A failure that a later attempt may not meet. */
class Passing extends Error {
  readonly after: number | null;
  constructor(message: string, after: number | null, cause?: unknown) {
    super(message, { cause });
    this.after = after;
  }
}

/** Connections to the store: the one place that knows of proxies and certificate authorities. */
export function openPool(_scim: Config['scim']): Dispatcher {
  return new EnvHttpProxyAgent({ connect: { timeout: 10_000 } });
}

/** A client with one pool of connections; `tokens` are tried in order when the store refuses one. */
export function createClient(
  scim: Config['scim'],
  tokens: readonly string[],
  traffic: TrafficTally = createTrafficTally(),
): ScimClient {
  const agent = openPool(scim);
  const base = new URL(`${scim.base_url}/`);
  let current = 0;
  let requests = 0;
  let retries = 0;

  async function attempt(url: URL): Promise<Answer> {
    requests += 1;
    let hasAnswered = false;
    let response: Dispatcher.ResponseData;
    const signal = AbortSignal.timeout(scim.bounds.request * 1000);
    try {
      response = await agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: 'GET',
        signal,
        headers: {
          authorization: `Bearer ${tokens[current] ?? ''}`,
          accept: 'application/scim+json, application/json',
        },
      });
      const { statusCode: status, headers } = response;
      hasAnswered = true;
      traffic.count(status);
      const text = await readBounded(response, scim.bounds.page_bytes);
      const isJson = /^application\/(scim\+)?json\b/i.test(String(headers['content-type'] ?? ''));
      const date = Date.parse(String(headers['date'] ?? ''));
      if (RETRIED.has(status))
        throw new Passing(`the store answered ${status}`, retryAfter(headers['retry-after']));
      return {
        status,
        body: isJson ? parse(text) : undefined,
        bytes: text.length,
        serverTime: Number.isNaN(date) ? null : date,
        isJson,
      };
    } catch (cause) {
      if (cause instanceof AgentError || cause instanceof Passing) throw cause;
      if (!hasAnswered) traffic.count(null);
      throw new Passing(
        signal.aborted ? `no answer within ${scim.bounds.request} s` : `cannot reach ${base.origin}`,
        null,
        cause,
      );
    }
  }

  async function persist(url: URL): Promise<Answer> {
    for (let n = 1; ; n += 1) {
      try {
        return await attempt(url);
      } catch (error) {
        if (!(error instanceof Passing)) throw error;
        if (n >= ATTEMPTS || isRefused(error.cause)) {
          throw new AgentError('store_unreachable', `${base.origin}: ${error.message}`, {
            cause: error.cause,
          });
        }
        retries += 1;
        traffic.countRetry();
        const jittered = Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** n);
        await sleep(error.after === null ? jittered : Math.min(error.after + jittered, 60_000));
      }
    }
  }

  return {
    async get(path, query) {
      const url = new URL(path.replace(/^\//, ''), base);
      for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
      for (let tried = 1; ; tried += 1) {
        const answer = await persist(url);
        if (answer.status === 401 && tried < tokens.length) {
          current = (current + 1) % tokens.length;
          continue;
        }
        return check(answer, url, tokens.length);
      }
    },
    requests: () => requests,
    retries: () => retries,
    close: () => agent.close(),
  };
}

function check(answer: Answer, url: URL, tokens: number): Answer {
  const { status } = answer;
  const where = `${url.origin}${url.pathname}`;
  const said = detailOf(answer.body);
  if (status === 401) {
    throw new AgentError(
      'store_refused_token',
      `${where} refused ${tokens === 1 ? 'the token' : `each of ${tokens} tokens`}${said}`,
    );
  }
  if (status === 403) throw new AgentError('store_forbidden', `${where} forbids it${said}`);
  if (status >= 300 && status < 400)
    throw new AgentError('store_answer', `${where} redirects elsewhere, which is not followed`);
  if (status !== 200 && status !== 404)
    throw new AgentError('store_answer', `${where} answered ${status}${said}`);
  if (status === 200 && !answer.isJson)
    throw new AgentError('store_answer', `${where} answered something that is not JSON`);
  return answer;
}

/** Connecting to nobody does not become better by trying again at once. */
function isRefused(cause: unknown): boolean {
  return isObject(cause) && (cause['code'] === 'ECONNREFUSED' || cause['code'] === 'ENOTFOUND');
}

/**
 * The body as text.
 * @throws AgentError store_bound
 */
export async function readBounded(response: Dispatcher.ResponseData, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      response.body.destroy();
      throw new AgentError('store_bound', `an answer of more than scim.bounds.page_bytes (${limit})`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AgentError('store_answer', 'an answer that claims to be JSON and is not', { cause });
  }
}

/** Seconds or an HTTP date (RFC 9110 section 10.2.3), in milliseconds from now. */
function retryAfter(header: string | string[] | undefined): number | null {
  const text = String(header ?? '');
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}

/** What the store says of it (RFC 7644 section 3.12), without control characters and never long. */
function detailOf(body: unknown): string {
  const detail = isObject(body) ? body['detail'] : undefined;
  return typeof detail === 'string' ? `: ${detail.replace(/\p{Cc}/gu, ' ').slice(0, 200)}` : '';
}
