// One page of a list: a ListResponse (RFC 7644 section 3.4.2), or an error that says what else it was.
import { AgentError } from '../errors.ts';
import { getProperty, isObject } from './attribute-path.ts';
import type { Answer } from './client.ts';
import { detailOf } from './check-status.ts';

export interface ListPage {
  /** null: the store did not say, as it may with a cursor (RFC 9865 section 2.1). */
  readonly total: number | null;
  readonly resources: readonly unknown[];
  /** null: this is the last page of a cursor. */
  readonly nextCursor: string | null;
  /** Why resources that have their place in this page are not here, one phrase each. */
  readonly lost?: readonly string[];
  /** Asked for beyond the end: it should be empty. */
  readonly isBeyond?: boolean;
}

const LIST_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:listresponse';

/** A cursor that is no longer good (RFC 9865 section 2.2): the list has to be read again from its start. */
export class StaleCursor extends Error {}

/**
 * Opens what came for `path`, which is only for messages. `Resources` may be missing where nothing was found, and
 * some stores write it in lower case.
 * @throws AgentError store_answer, StaleCursor
 */
export function openPage({ status, body }: Answer, path: string): ListPage {
  if (status === 400 && isObject(body)) {
    if (/^(expired|invalid)cursor$/i.test(String(getProperty(body, 'scimtype')))) throw new StaleCursor();
  }
  if (status !== 200) {
    throw new AgentError('store_answer', `${path} answered ${status} instead of a list${detailOf(body, [])}`);
  }
  const schemas = isObject(body) ? getProperty(body, 'schemas') : undefined;
  if (!isObject(body) || !Array.isArray(schemas) || !schemas.some(isListResponse))
    throw new AgentError('store_answer', `${path} answered something that is not a ListResponse`);
  const total = getProperty(body, 'totalresults') ?? null;
  const resources = getProperty(body, 'resources') ?? [];
  const cursor = getProperty(body, 'nextcursor') ?? null;
  if (!Array.isArray(resources))
    throw new AgentError('store_answer', `${path} answered a list whose Resources are no array`);
  if (total !== null && !(typeof total === 'number' && Number.isInteger(total) && total >= 0))
    throw new AgentError('store_answer', `${path} answered a list whose totalResults is no count`);
  if (cursor !== null && (typeof cursor !== 'string' || cursor === ''))
    throw new AgentError('store_answer', `${path} answered a list whose nextCursor is no text`);
  return { total, resources, nextCursor: cursor };
}

function isListResponse(urn: unknown): boolean {
  return typeof urn === 'string' && urn.toLowerCase() === LIST_RESPONSE;
}
