// Reads one list to its end, and claims completeness only where every page adds up.
import type { Config } from '../../config/config.ts';
import { AgentError } from '../../common/errors.ts';
import { checkPages, type ListEnd } from './check-pages.ts';
import type { ScimClient } from '../http/client.ts';
import { listQuery } from './list-query.ts';
import { type ListPage, openPage, StaleCursor } from './list-page.ts';
import type { Meter } from '../http/meter.ts';
import { isBadContent } from './split.ts';
import { CursorLoop, type FetchPage, pagesByCursor, pagesByIndex } from './paging.ts';
import type { Provider } from '../provider.ts';
import type { ResourceKind } from '../../protocol/records.ts';

const PAGE = 1000;

/** Many stores refuse, rather than shorten, a page that is too large for them. */
const SMALL_PAGE = 100;

export interface ListQuestion {
  readonly client: ScimClient;
  readonly scim: Config['scim'];
  readonly provider: Provider;
  readonly kind: ResourceKind;
  /** A filter besides the configured one; null: none. */
  readonly filter: string | null;
  readonly meter: Meter;
  /** Gets each page, in order; gets pages twice where the list is read again. */
  readonly onPage: (page: ListPage) => Promise<void>;
}

/**
 * Passes each page to `onPage` as it arrives; completeness is known at the end. A list that changed while it was read
 * is read a second time; if it changed again, its pages count but the list is partial. Where a cursor leads to an
 * unreadable page, the second reading goes by index, which can skip single records.
 * @throws AgentError where no page could be read, or a bound was exceeded.
 */
export async function readList(question: ListQuestion): Promise<ListEnd> {
  const { hasCursors, hasIndex } = question.provider;
  const first = await readOnce(question, hasCursors, true);
  if (first.outcome === 'over') return first.end;
  if (first.outcome === 'drifted') return (await readOnce(question, hasCursors, false)).end;
  if (hasCursors && hasIndex) return (await readOnce(question, false, false)).end;
  if (first.received === 0) throw first.error;
  return first.end;
}

type Reading =
  | { readonly outcome: 'over'; readonly end: ListEnd }
  | { readonly outcome: 'drifted'; readonly end: ListEnd }
  /** It ended at an unreadable page. */
  | {
      readonly outcome: 'broken';
      readonly end: ListEnd;
      readonly received: number;
      readonly error: AgentError;
    };

/** @param isFirst whether to stop at a list that changed meanwhile, since it is read again. */
async function readOnce(question: ListQuestion, byCursor: boolean, isFirst: boolean): Promise<Reading> {
  const check = checkPages(question);
  try {
    for await (const page of choosePaging(question, byCursor)) {
      check.add(page);
      if (isFirst && check.hasDrifted()) return { outcome: 'drifted', end: check.end() };
      await question.onPage(page);
    }
  } catch (error) {
    if (error instanceof StaleCursor || error instanceof CursorLoop) check.noteCursor(error);
    else if (isBadContent(error) || isUnreachable(error)) {
      // Earlier pages count: a revocation in them must not wait for a page that never arrives.
      check.noteBreak(error);
      if (!isFirst && check.received() === 0) throw error;
      return { outcome: 'broken', end: check.end(), received: check.received(), error };
    } else throw error;
  }
  const end = check.end();
  return { outcome: isFirst && check.hasDrifted() ? 'drifted' : 'over', end };
}

function isUnreachable(error: unknown): error is AgentError {
  return error instanceof AgentError && error.code === 'store_unreachable';
}

async function* choosePaging(question: ListQuestion, byCursor: boolean): AsyncGenerator<ListPage> {
  const { provider, kind } = question;
  const path = `/${kind}s`;
  const count = Math.min(PAGE, provider.maxPage ?? PAGE);
  const fetch = createFetchPage(question, path);
  if (byCursor) yield* pagesByCursor(fetch, count);
  else yield* pagesByIndex(fetch, count, path);
}

function createFetchPage({ client, scim, kind, filter, meter }: ListQuestion, path: string): FetchPage {
  const constant = listQuery(scim, kind, filter);
  let isRefused = false;
  return async (position) => {
    const query: Record<string, string> = { ...constant, ...position };
    if (isRefused) query['count'] = String(Math.min(SMALL_PAGE, Number(position['count'])));
    const answer = await client.get(path, query, meter);
    if (answer.status !== 400 || isRefused || Number(position['count']) <= SMALL_PAGE)
      return openPage(answer, path);
    isRefused = true;
    return openPage(await client.get(path, { ...query, count: String(SMALL_PAGE) }, meter), path);
  };
}
