// One exchange with the store: a single request with a token, and its answer within bounds.
import type { Dispatcher } from 'undici';
import type { Config } from '../../config/config.ts';
import { AgentError } from '../../common/errors.ts';
import { parseHttpDate } from '../../common/text/timestamp.ts';
import type { TrafficTally } from '../../protocol/traffic.ts';
import { Answer, decodeBody, readBody } from './answer.ts';
import type { Meter } from './meter.ts';
import { isTransientStatus, readRetryAfter, TransientFailure } from './retry.ts';
import type { Transport } from './transport.ts';

export interface Call {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly body: string | null;
  /** Time limit of one attempt. */
  readonly seconds: number;
  readonly attempts: number;
}

export interface ExchangeOptions {
  readonly transport: Transport;
  readonly token: string;
  /** The value of Sunk-Agent-Snapshot; null: not sent. */
  readonly announcement: string | null;
  readonly bounds: Config['scim']['bounds'];
  readonly traffic: TrafficTally;
  readonly meter: Meter;
}

/**
 * Sends the call once.
 * @throws TransientFailure where another attempt may succeed; AgentError ca_file, store_bound
 */
export async function exchange(call: Call, options: ExchangeOptions): Promise<Answer> {
  const { transport, bounds, traffic, meter } = options;
  const timeout = AbortSignal.timeout(call.seconds * 1000);
  let hasAnswered = false;
  try {
    const response = await transport.dispatcher().request({
      origin: call.url.origin,
      path: call.url.pathname + call.url.search,
      method: call.method,
      signal: AbortSignal.any([timeout, meter.signal]),
      headers: makeHeaders(call, options),
      body: call.body,
    });
    hasAnswered = true;
    traffic.count(response.statusCode);
    return await readAnswer(response, bounds, meter);
  } catch (cause) {
    if (cause instanceof AgentError || cause instanceof TransientFailure) throw cause;
    if (!hasAnswered) traffic.count(null);
    meter.checkTime();
    const problem = timeout.aborted ? `no answer within ${call.seconds} s` : 'cannot be reached';
    throw new TransientFailure(problem, null, cause);
  }
}

function makeHeaders(call: Call, { token, announcement }: ExchangeOptions): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    accept: 'application/scim+json, application/json',
    'accept-encoding': 'identity',
    'user-agent': 'sunk-agent',
    ...(announcement === null ? {} : { 'sunk-agent-snapshot': announcement }),
    ...(call.body === null ? {} : { 'content-type': 'application/json' }),
  };
}

async function readAnswer(
  response: Dispatcher.ResponseData,
  bounds: Config['scim']['bounds'],
  meter: Meter,
): Promise<Answer> {
  const { statusCode: status, headers } = response;
  const header = (name: string): string => String(headers[name] ?? '');
  const sent = await readBody(response.body, bounds.page_bytes);
  if (isTransientStatus(status))
    throw new TransientFailure(`answered ${status}`, readRetryAfter(header('retry-after'), Date.now()));
  const bytes = await decodeBody(sent, header('content-encoding'), bounds.page_bytes);
  meter.noteAnswer(bytes.length, parseHttpDate(header('date')));
  const isJson = /^application\/(scim\+)?json\b/i.test(header('content-type'));
  return new Answer(status, isJson ? bytes : null, bounds.depth);
}
