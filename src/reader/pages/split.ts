// A page that cannot be read is read in halves, so that one bad record costs itself and not its neighbours.
import { AgentError } from '../../common/errors.ts';
import { AnswerTooMuch } from '../http/body.ts';
import type { ListPage } from './list-page.ts';

/** Asks for `size` resources from `start` (1-based) on, as a page or (not `isWhole`) to put one together. */
export type FetchRange = (start: number, size: number, isWhole: boolean) => Promise<ListPage>;

/** Enough to find one record among a thousand at its first place. */
const FAILURES_WITHOUT_SUCCESS = 12;

const MOST_FAILURES = 60;

const NOTHING = { ids: [], resources: [], digest: null, nextCursor: null };

/**
 * The same question, which gets through with less: what could not be read even alone is in `lost`.
 * @throws what `fetch` threw, where it seems that nothing can be read.
 */
export function splitBadPages(fetch: FetchRange): (start: number, size: number) => Promise<ListPage> {
  let failures = 0;
  let hasSucceeded = false;

  async function range(start: number, size: number, isWhole: boolean): Promise<ListPage> {
    try {
      const page = await fetch(start, size, isWhole);
      hasSucceeded = true;
      return page;
    } catch (error) {
      failures += 1;
      const isHopeless = failures >= (hasSucceeded ? MOST_FAILURES : FAILURES_WITHOUT_SUCCESS);
      if (!isBadContent(error) || isHopeless) throw error;
      if (size === 1) return { ...NOTHING, total: null, lost: [error.message] };
      const half = Math.ceil(size / 2);
      const first = await range(start, half, false);
      // The list may end before the second half begins.
      const isOver = first.total !== null && start + half > first.total;
      const second = isOver ? null : await range(start + half, size - half, false);
      return {
        total: second?.total ?? first.total,
        ids: [...first.ids, ...(second?.ids ?? [])],
        resources: [...(first.resources ?? []), ...(second?.resources ?? [])],
        digest: null,
        nextCursor: null,
        lost: [...(first.lost ?? []), ...(second?.lost ?? [])],
      };
    }
  }

  return (start, size) => range(start, size, true);
}

/** What came was not readable: another, smaller answer may be. */
export function isBadContent(error: unknown): error is AgentError {
  return error instanceof AnswerTooMuch || (error instanceof AgentError && error.code === 'store_answer');
}
