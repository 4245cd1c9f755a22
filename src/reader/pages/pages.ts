// Reads one list to its end, and claims completeness only where every page adds up.
import type { Config } from '../../config/config.ts';
import { AgentError } from '../../common/errors.ts';
import { checkPages, type ListEnd } from './check-pages.ts';
import type { ScimClient } from '../http/client.ts';
import { listQuery } from './list-query.ts';
import { type ListPage, openPage, StaleCursor } from './list-page.ts';
import type { Meter } from '../http/meter.ts';
import type { PageMemory } from './page-memo.ts';
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
  /** null: nothing is known of the pages, and nothing to be remembered. */
  readonly pages: PageMemory | null;
  /** Gets each page, in order; they may come a second time when the list was read again. */
  readonly onPage: (page: ListPage) => Promise<void>;
}

/**
 * Each page goes to `onPage` as it comes; whether they were all is known at the end. A list that changed while it was
 * read is read a second time; if it changed again, what came counts, but nothing is complete. Where a cursor leads into
 * something unreadable, the second reading goes by index, which leads around it.
 * @throws AgentError where not even the first page came, or a bound was passed.
 */
export async function readList(question: ListQuestion): Promise<ListEnd> {
  const { hasCursors, hasIndex } = question.provider;
  const first = await readOnce(question, hasCursors, true);
  if (first.outcome === 'over') return first.end;
  if (first.outcome === 'drifted') return (await readOnce(question, hasCursors, false)).end;
  if (hasCursors && hasIndex) return (await readOnce(question, false, false)).end;
  if (first.came === 0) throw first.error;
  return first.end;
}

type Reading =
  | { readonly outcome: 'over'; readonly end: ListEnd }
  | { readonly outcome: 'drifted'; readonly end: ListEnd }
  /** It ended at something that could not be read. */
  | { readonly outcome: 'broken'; readonly end: ListEnd; readonly came: number; readonly error: AgentError };

/** @param isFirst whether a list that changed meanwhile is given up, to be read again. */
async function readOnce(question: ListQuestion, byCursor: boolean, isFirst: boolean): Promise<Reading> {
  const check = checkPages(question);
  try {
    for await (const page of choosePaging(question, byCursor)) {
      check.see(page);
      if (isFirst && check.hasDrifted()) return { outcome: 'drifted', end: check.end() };
      await question.onPage(page);
    }
  } catch (error) {
    if (error instanceof StaleCursor || error instanceof CursorLoop) check.noteCursor(error);
    else if (isBadContent(error) || isUnreachable(error)) {
      // What came before counts: a revocation in it must not wait for a page that never comes.
      check.noteBreak(error);
      if (!isFirst && check.came() === 0) throw error;
      return { outcome: 'broken', end: check.end(), came: check.came(), error };
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
  const fetch = fetcher(question, path);
  if (byCursor) yield* pagesByCursor(fetch, count);
  else yield* pagesByIndex(fetch, count, path);
}

function fetcher({ client, scim, kind, filter, meter, pages }: ListQuestion, path: string): FetchPage {
  const constant = listQuery(scim, kind, filter);
  let isRefused = false;
  return async (place, isWhole = true) => {
    const memory = isWhole ? pages : null;
    const query: Record<string, string> = { ...constant, ...place };
    if (isRefused) query['count'] = String(Math.min(SMALL_PAGE, Number(place['count'])));
    const answer = await client.get(path, query, meter);
    if (answer.status !== 400 || isRefused || Number(place['count']) <= SMALL_PAGE)
      return openPage(answer, path, memory);
    isRefused = true;
    return openPage(await client.get(path, { ...query, count: String(SMALL_PAGE) }, meter), path, memory);
  };
}
