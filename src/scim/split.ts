// A page that cannot be read is read in halves, so that one bad record costs itself and not its neighbours.
import { AgentError } from '../errors.ts';
import { AnswerTooMuch } from './body.ts';
import type { ListPage } from './list-page.ts';

/** Asks for `size` resources from `start` (1-based) on. */
export type FetchRange = (start: number, size: number) => Promise<ListPage>;

/** Enough to find one record among a thousand at its first place. */
const FAILURES_WITHOUT_SUCCESS = 12;

const MOST_FAILURES = 60;

/**
 * The same question, which gets through with less: what could not be read even alone is in `lost`.
 * @throws what `fetch` threw, where it seems that nothing can be read.
 */
export function splitBadPages(fetch: FetchRange): FetchRange {
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
      if (size === 1) return { total: null, resources: [], nextCursor: null, lost: [error.message] };
      const half = Math.ceil(size / 2);
      const first = await range(start, half);
      // The list may end before the second half begins.
      const isOver = first.total !== null && start + half > first.total;
      const second = isOver ? null : await range(start + half, size - half);
      return {
        total: second?.total ?? first.total,
        resources: [...first.resources, ...(second?.resources ?? [])],
        nextCursor: null,
        lost: [...(first.lost ?? []), ...(second?.lost ?? [])],
      };
    }
  }

  return range;
}

/** What came was not readable: another, smaller answer may be. */
export function isBadContent(error: unknown): error is AgentError {
  return error instanceof AnswerTooMuch || (error instanceof AgentError && error.code === 'store_answer');
}
