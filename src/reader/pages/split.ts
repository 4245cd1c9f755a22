// Reads an unreadable page in halves, so that one bad record does not cost its neighbours.
import { AgentError } from '../../common/errors.ts';
import { AnswerTooMuch } from '../http/answer.ts';
import type { ListPage } from './list-page.ts';

/** Asks for `size` resources from `start` (1-based) on. */
export type FetchRange = (start: number, size: number) => Promise<ListPage>;

/** Enough halvings to find one bad record in a page of a thousand. */
const FAILURES_WITHOUT_SUCCESS = 12;

const MOST_FAILURES = 60;

const NOTHING = { ids: [], resources: [], nextCursor: null };

/**
 * Wraps `fetch`: a page that is unreadable is put together from smaller ones; `lost` has what could not be read alone.
 * @throws what `fetch` threw, after too many failures.
 */
export function splitBadPages(fetch: FetchRange): (start: number, size: number) => Promise<ListPage> {
  let failures = 0;
  let hasSucceeded = false;

  async function range(start: number, size: number): Promise<ListPage> {
    try {
      const page = await fetch(start, size);
      hasSucceeded = true;
      return page;
    } catch (error) {
      failures += 1;
      const isHopeless = failures >= (hasSucceeded ? MOST_FAILURES : FAILURES_WITHOUT_SUCCESS);
      if (!isBadContent(error) || isHopeless) throw error;
      if (size === 1) return { ...NOTHING, total: null, lost: [error.message] };
      const half = Math.ceil(size / 2);
      const first = await range(start, half);
      // The list may end before the second half begins.
      const isOver = first.total !== null && start + half > first.total;
      const second = isOver ? null : await range(start + half, size - half);
      return {
        total: second?.total ?? first.total,
        ids: [...first.ids, ...(second?.ids ?? [])],
        resources: [...first.resources, ...(second?.resources ?? [])],
        nextCursor: null,
        lost: [...(first.lost ?? []), ...(second?.lost ?? [])],
      };
    }
  }

  return range;
}

/** Whether the answer was unreadable; a smaller one may be readable. */
export function isBadContent(error: unknown): error is AgentError {
  return error instanceof AnswerTooMuch || (error instanceof AgentError && error.code === 'store_answer');
}
