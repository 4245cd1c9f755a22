// One page of a list: a ListResponse (RFC 7644 section 3.4.2), or an error that says what else it was.
import { AgentError } from '../../common/errors.ts';
import { getProperty, isObject } from '../../protocol/attribute-path.ts';
import type { Answer } from '../http/answer.ts';
import { detailOf } from '../http/check-status.ts';

/** The id of each resource of a page, in their order; null where one has none. */
export type Ids = readonly (string | null)[];

export interface ListPage {
  /** null: the store sent none, as it may with a cursor (RFC 9865 section 2.1). */
  readonly total: number | null;
  readonly ids: Ids;
  readonly resources: readonly unknown[];
  /** null: this is the last page of a cursor. */
  readonly nextCursor: string | null;
  /** Why resources of this page are missing from it, one phrase each. */
  readonly lost?: readonly string[];
  /** The page beyond the end of the list, which should be empty. */
  readonly isBeyond?: boolean;
}

const LIST_RESPONSE = 'urn:ietf:params:scim:api:messages:2.0:listresponse';

/** A cursor that has expired (RFC 9865 section 2.2): the list must be read again from its start. */
export class StaleCursor extends Error {}

/**
 * Opens the answer for `path`. `Resources` may be missing from an empty list, and some stores write it in lower case.
 * @throws AgentError store_answer, AnswerTooMuch, StaleCursor
 */
export function openPage(answer: Answer, path: string): ListPage {
  checkAnswer(answer, path);
  const body = answer.body();
  if (!isList(body))
    throw new AgentError('store_answer', `${path} answered something that is not a ListResponse`);
  const resources = getProperty(body, 'resources') ?? [];
  if (!Array.isArray(resources))
    throw new AgentError('store_answer', `${path} answered a list whose Resources are no array`);
  return { ...readFrame(body, path), ids: resources.map(idOf), resources };
}

function checkAnswer(answer: Answer, path: string): void {
  const { status } = answer;
  if (status === 200) return;
  const body = answer.body();
  if (status === 400 && isObject(body)) {
    if (/^(expired|invalid)cursor$/i.test(String(getProperty(body, 'scimtype')))) throw new StaleCursor();
  }
  throw new AgentError('store_answer', `${path} answered ${status} instead of a list${detailOf(body, [])}`);
}

function idOf(resource: unknown): string | null {
  const id = isObject(resource) ? getProperty(resource, 'id') : undefined;
  return typeof id === 'string' && id !== '' ? id : null;
}

/** The attributes of the list itself. */
function readFrame(
  body: Readonly<Record<string, unknown>>,
  path: string,
): Pick<ListPage, 'total' | 'nextCursor'> {
  const total = getProperty(body, 'totalresults') ?? null;
  const cursor = getProperty(body, 'nextcursor') ?? null;
  if (total !== null && !(typeof total === 'number' && Number.isInteger(total) && total >= 0))
    throw new AgentError('store_answer', `${path} answered a list whose totalResults is no count`);
  if (cursor !== null && (typeof cursor !== 'string' || cursor === ''))
    throw new AgentError('store_answer', `${path} answered a list whose nextCursor is no text`);
  return { total, nextCursor: cursor };
}

function isList(body: unknown): body is Record<string, unknown> {
  const schemas = isObject(body) ? getProperty(body, 'schemas') : undefined;
  return Array.isArray(schemas) && schemas.some(isListResponse);
}

function isListResponse(urn: unknown): boolean {
  return typeof urn === 'string' && urn.toLowerCase() === LIST_RESPONSE;
}
