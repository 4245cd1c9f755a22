// From page to page: by cursor (RFC 9865), or by index with several pages in flight.
import { AgentError } from '../../common/errors.ts';
import type { ListPage } from './list-page.ts';
import { isBadContent, splitBadPages } from './split.ts';

/**
 * Asks for one page.
 * @param position `startIndex` or `cursor`, and `count`.
 */
export type FetchPage = (position: Readonly<Record<string, string>>) => Promise<ListPage>;

/** Pages that are requested at the same time. */
const IN_FLIGHT = 4;

interface Flight {
  readonly start: number;
  readonly page: Promise<ListPage>;
}

/**
 * Pages in order until the announced number of resources is reached, or a page is empty; then one beyond the end, since
 * some stores announce the size of the page as the total. The next page starts where the last one really ended: after a
 * page that is shorter than planned, the pages in flight behind it are discarded.
 * @param count resources asked for.
 */
export async function* pagesByIndex(fetch: FetchPage, count: number, path: string): AsyncGenerator<ListPage> {
  const range = splitBadPages((start, size) => fetch({ startIndex: String(start), count: String(size) }));
  const ask = (start: number, size: number): Flight => {
    const page = range(start, size);
    // It may be discarded before it is awaited.
    page.catch(() => {});
    return { start, page };
  };
  let flights = [ask(1, count)];
  let received = 0;
  let step = count;
  let next = count + 1;
  try {
    for (let flight = flights.shift(); flight !== undefined; flight = flights.shift()) {
      const page = await flight.page;
      const length = page.ids.length + (page.lost?.length ?? 0);
      if (page.total === null)
        throw new AgentError('store_answer', `${path} answered a list without totalResults`);
      received += length;
      const isAsPlanned = length === Math.min(step, page.total - flight.start + 1);
      if (!isAsPlanned || flight.start === 1) {
        await Promise.allSettled(flights.map((given) => given.page));
        flights = [];
        step = Math.max(1, Math.min(length, count));
        next = received + 1;
      }
      const isOver = received >= page.total || length === 0;
      if (!isOver) {
        for (; flights.length < IN_FLIGHT && next <= page.total; next += step) flights.push(ask(next, step));
      }
      yield page;
      if (isOver) break;
    }
    const beyond = received === 0 ? null : await askBeyond(fetch, received + 1, step);
    if (beyond !== null) yield beyond;
  } finally {
    await Promise.allSettled(flights.map((given) => given.page));
  }
}

/** null: there is nothing, or the store refuses the question. */
async function askBeyond(fetch: FetchPage, start: number, count: number): Promise<ListPage | null> {
  try {
    const page = await fetch({ startIndex: String(start), count: String(count) });
    return page.ids.length === 0 ? null : { ...page, isBeyond: true };
  } catch (error) {
    if (isBadContent(error)) return null;
    throw error;
  }
}

/** The store returned the same cursor twice: the list would never end. */
export class CursorLoop extends Error {}

/**
 * Pages until one has no cursor; the next page is requested while the caller works on the last.
 * @throws CursorLoop
 */
export async function* pagesByCursor(fetch: FetchPage, count: number): AsyncGenerator<ListPage> {
  const seen = new Set<string>();
  let next: Promise<ListPage> | null = fetch({ cursor: '', count: String(count) });
  try {
    while (next !== null) {
      const page: ListPage = await next;
      next = null;
      const cursor = page.nextCursor;
      if (cursor !== null) {
        if (seen.has(cursor)) throw new CursorLoop();
        seen.add(cursor);
        next = fetch({ cursor, count: String(count) });
        next.catch(() => {});
      }
      yield page;
    }
  } finally {
    await next?.catch(() => {});
  }
}
