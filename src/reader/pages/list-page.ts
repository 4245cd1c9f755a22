// One page of a list: a ListResponse (RFC 7644 section 3.4.2), or an error that says what else it was.
import { AgentError } from '../../common/errors.ts';
import { getProperty, isObject } from '../../protocol/attribute-path.ts';
import type { Answer } from '../http/answer.ts';
import { detailOf } from '../http/check-status.ts';
import { cutList } from './list-text.ts';
import { digestPage, type Ids, type PageMemo } from './page-memo.ts';

export interface ListPage {
  /** null: the store sent none, as it may with a cursor (RFC 9865 section 2.1). */
  readonly total: number | null;
  readonly ids: Ids;
  /** null: the agent knows the page of this digest. */
  readonly resources: readonly unknown[] | null;
  /** Of the text of the resources; null: the page has no digest and is sent each time. */
  readonly digest: string | null;
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
 * @param pages null: every page is parsed.
 * @throws AgentError store_answer, AnswerTooMuch, StaleCursor
 */
export function openPage(answer: Answer, path: string, pages: PageMemo | null): ListPage {
  checkAnswer(answer, path);
  return (pages === null ? null : openCut(answer, path, pages)) ?? openWhole(answer, path);
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

function openWhole(answer: Answer, path: string): ListPage {
  const body = answer.body();
  if (!isList(body))
    throw new AgentError('store_answer', `${path} answered something that is not a ListResponse`);
  const resources = getProperty(body, 'resources') ?? [];
  if (!Array.isArray(resources))
    throw new AgentError('store_answer', `${path} answered a list whose Resources are no array`);
  return { ...readFrame(body, path), ids: resources.map(idOf), resources, digest: null };
}

/** null: the layout of the text does not allow a cut. */
function openCut(answer: Answer, path: string, pages: PageMemo): ListPage | null {
  for (const { frame, resources: text } of cutList(answer.json ?? NO_TEXT)) {
    const body = parseOrNull(answer, frame, 0);
    if (!isList(body) || !hasNoResources(body)) continue;
    const digest = digestPage(path, text);
    const isKnown = pages.isKnown(digest);
    const known = isKnown ? pages.findIds(digest) : null;
    if (known !== null) return { ...readFrame(body, path), ids: known, resources: null, digest };
    const resources = parseOrNull(answer, text, 1);
    if (!Array.isArray(resources)) continue;
    const ids = resources.map(idOf);
    pages.store(digest, ids);
    return { ...readFrame(body, path), ids, resources: isKnown ? null : resources, digest };
  }
  return null;
}

const NO_TEXT = Buffer.alloc(0);

/** null: unreadable; parsing the whole answer reports why. */
function parseOrNull(answer: Answer, part: Buffer, above: number): unknown {
  try {
    return answer.parse(part, above);
  } catch (error) {
    if (error instanceof AgentError) return null;
    throw error;
  }
}

function hasNoResources(frame: Readonly<Record<string, unknown>>): boolean {
  const named = Object.keys(frame).filter((name) => name.toLowerCase() === 'resources');
  const resources = frame['Resources'];
  return named.length === 1 && Array.isArray(resources) && resources.length === 0;
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
