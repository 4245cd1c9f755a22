// Calls of the Kubernetes API server: TLS by the cluster's authority, a token that is read anew, bounds and retries.
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher } from 'undici';
import { isObject } from '../../protocol/attribute-path.ts';
import { makePrintable } from '../../common/text/printable.ts';
import { readBody } from '../http/answer.ts';
import { isTransientStatus, readRetryAfter, waitAfter } from '../http/retry.ts';
import { ApiFailure } from './api-failure.ts';
import { readServiceAccount, type ServiceAccount } from './service-account.ts';

export interface ApiCall {
  readonly method: 'GET' | 'PATCH';
  /** Below the namespace: `secrets/NAME`. */
  readonly resource: string;
  readonly namespace: string | null;
  /** A JSON merge patch (RFC 7386); null with GET. */
  readonly patch: string | null;
}

export interface ApiAnswer {
  readonly status: number;
  /** JSON; of a refusal a `Status` of the API. */
  readonly body: unknown;
}

const ATTEMPTS = 4;
/** Of one attempt. */
const PATIENCE_MS = 15_000;
/** The longest wait that the API server may ask for: the next round tries again. */
const LONGEST_WAIT_MS = 10_000;
/** A Secret of 1 MiB in base64, with the fields that managers claim. */
const MAX_BYTES = 8 * 1024 * 1024;

let pool: { readonly origin: string; readonly ca: string; readonly agent: Agent } | null = null;

/**
 * Sends the call, again after what is worth it: no answer, 429, 5xx, and once after a 401, since the kubelet may just have
 * replaced the token.
 * @throws ApiFailure api-account, api-unreachable, api-busy, api-answer
 */
export async function callApi(root: string, call: ApiCall): Promise<ApiAnswer> {
  for (let n = 1; ; n += 1) {
    const account = readServiceAccount(root, process.env);
    const outcome = await exchange(account, call);
    const isLast = n >= ATTEMPTS;
    if (outcome instanceof ApiFailure) {
      if (isLast) throw outcome;
      await sleep(waitAfter(n, null, Math.random()));
    } else if (outcome.status === 401 && n === 1) await sleep(waitAfter(n, null, Math.random()));
    else if (isTransientStatus(outcome.status)) {
      const { status, after } = outcome;
      const asked = after === null ? '' : `, and asks for a pause of ${Math.ceil(after / 1000)} s`;
      if (isLast || (after ?? 0) > LONGEST_WAIT_MS)
        throw new ApiFailure('api-busy', `the API server answered ${status}${asked}`);
      await sleep(waitAfter(n, after, Math.random()));
    } else return outcome;
  }
}

async function exchange(
  account: ServiceAccount,
  call: ApiCall,
): Promise<(ApiAnswer & { readonly after: number | null }) | ApiFailure> {
  try {
    const response = await openPool(account).request({
      origin: account.origin,
      path: `/api/v1/namespaces/${call.namespace ?? account.namespace}/${call.resource}`,
      method: call.method,
      signal: AbortSignal.timeout(PATIENCE_MS),
      headers: {
        authorization: `Bearer ${account.token}`,
        accept: 'application/json',
        'user-agent': 'sunk-agent',
        ...(call.patch === null ? {} : { 'content-type': 'application/merge-patch+json' }),
      },
      body: call.patch,
    });
    const after = readRetryAfter(String(response.headers['retry-after'] ?? ''), Date.now());
    return { status: response.statusCode, body: await readJson(response), after };
  } catch (cause) {
    if (cause instanceof ApiFailure) return cause;
    return new ApiFailure('api-unreachable', `the API server ${account.origin} cannot be reached`, { cause });
  }
}

async function readJson({ statusCode, body }: Dispatcher.ResponseData): Promise<unknown> {
  const bytes = await readBody(body, MAX_BYTES);
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    // Some refusals, such as those of a proxy before it, are plain text.
    if (statusCode >= 300) return null;
    throw new ApiFailure('api-answer', 'the API server sent an answer that is not JSON', { cause });
  }
}

/** Kept from call to call, as long as address and authority are the same; never through the proxy of the environment. */
function openPool({ origin, ca }: ServiceAccount): Agent {
  if (pool?.origin !== origin || pool.ca !== ca) {
    void pool?.agent.close().catch(() => {});
    pool = { origin, ca, agent: new Agent({ connections: 2, connect: { ca, timeout: 5000 } }) };
  }
  return pool.agent;
}

/** The reason that the API server gives, for a person; bounded. */
export function readReason(body: unknown): string {
  const said = isObject(body) ? body['message'] : null;
  return typeof said === 'string' ? makePrintable(said, 300) : 'it gave no reason';
}
