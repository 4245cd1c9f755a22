// What the store offers: ServiceProviderConfig (RFC 7643 section 5), trusted only where a wrong claim does no harm.
import { AgentError } from '../common/errors.ts';
import { getProperty, isObject } from '../protocol/attribute-path.ts';
import type { ScimClient } from './http/client.ts';
import type { Meter } from './http/meter.ts';

export interface Provider {
  /** RFC 9865 section 4. */
  readonly hasCursors: boolean;
  readonly hasIndex: boolean;
  /** The largest page it serves; null where it gives no limit. */
  readonly maxPage: number | null;
  /** Whether it announces changes of resources (RFC 9967 section 4). */
  readonly hasEvents: boolean;
}

/** For a store without ServiceProviderConfig: what every store supports. */
export const PLAIN_PROVIDER: Provider = {
  hasCursors: false,
  hasIndex: true,
  maxPage: null,
  hasEvents: false,
};

/**
 * Asks the store; a store that lacks the endpoint is a plain one.
 * @throws AgentError where the store cannot be reached.
 */
export async function askProvider(client: ScimClient, meter: Meter): Promise<Provider> {
  try {
    const answer = await client.get('/ServiceProviderConfig', {}, meter);
    return answer.status === 200 ? readProvider(answer.body()) : PLAIN_PROVIDER;
  } catch (error) {
    const isRefused = error instanceof AgentError && ['store_answer', 'store_forbidden'].includes(error.code);
    if (isRefused) return PLAIN_PROVIDER;
    throw error;
  }
}

/** Reads the description; a malformed part counts as not offered. */
export function readProvider(body: unknown): Provider {
  if (!isObject(body)) return PLAIN_PROVIDER;
  const part = (name: string): Record<string, unknown> => {
    const value = getProperty(body, name);
    return isObject(value) ? value : {};
  };
  const paging = part('pagination');
  const limits = [getProperty(paging, 'maxpagesize'), getProperty(part('filter'), 'maxresults')].filter(
    isCount,
  );
  const uris = getProperty(part('securityevents'), 'eventuris');
  return {
    hasCursors: getProperty(paging, 'cursor') === true,
    hasIndex: getProperty(paging, 'index') !== false,
    maxPage: limits.length === 0 ? null : Math.min(...limits),
    hasEvents: Array.isArray(uris) && uris.some((uri) => /:scim:event:(prov|feed):/i.test(String(uri))),
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0;
}
