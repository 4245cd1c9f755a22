// One page of a list, by index (RFC 7644 section 3.4.2.4) or by cursor (RFC 9865).
import { createHash } from 'node:crypto';
import { findSeq, type Collection, type Entry } from './resources/collection.ts';
import { parseFilter } from './filter/filter.ts';
import { selectEntries } from './filter/select.ts';
import { ScimError } from './scim-error.ts';

export interface PageLimits {
  readonly defaultPageSize: number;
  readonly maxPageSize: number;
  /** Seconds for which a cursor is good. */
  readonly cursorTimeout: number;
  /** Whether the service knows cursors; if not, `cursor` is an unknown parameter like any other. */
  readonly cursorPaging: boolean;
}

export interface Page {
  readonly entries: readonly Entry[];
  readonly totalResults: number;
  /** Where the page starts; null with cursors. */
  readonly startIndex: number | null;
  /** Absent (null) only on the last page. */
  readonly nextCursor: string | null;
}

/**
 * Cuts the page that the query asks for. Unknown parameters are passed over, as Entra needs it.
 * @param now epoch milliseconds.
 * @param members ids to which the list is limited; null: to none.
 * @throws ScimError 400 invalidFilter, invalidCursor, expiredCursor or invalidValue.
 */
export function cutPage(
  collection: Collection,
  query: URLSearchParams,
  limits: PageLimits,
  now: number,
  members: ReadonlySet<string> | null = null,
): Page {
  const filterText = query.get('filter') ?? '';
  const filter = filterText.trim() === '' ? null : parseFilter(filterText);
  const count = readCount(query.get('count'), limits);
  const cursor = limits.cursorPaging ? query.get('cursor') : null;
  const select = (): readonly Entry[] => {
    const selected = selectEntries(collection, filter);
    return members === null ? selected : selected.filter(({ id }) => members.has(id));
  };
  if (cursor === null) return cutByIndex(select(), query.get('startIndex'), count);
  if (query.has('startIndex')) {
    throw new ScimError(400, 'invalidValue', 'either startIndex or cursor, not both');
  }
  const about = `${filterText}\n${query.get('groups') ?? ''}`;
  return cutByCursor(select, { cursor, count, about, now, timeout: limits.cursorTimeout });
}

function readCount(text: string | null, limits: PageLimits): number {
  const count = readInteger(text, 'count');
  if (count === null) return limits.defaultPageSize;
  // A negative value counts as 0 (RFC 7644 section 3.4.2.4).
  return Math.min(Math.max(count, 0), limits.maxPageSize);
}

function readInteger(text: string | null, name: string): number | null {
  if (text === null || text === '') return null;
  if (!/^[+-]?[0-9]{1,15}$/.test(text)) {
    throw new ScimError(
      400,
      'invalidValue',
      `${name} is ${JSON.stringify(text.slice(0, 40))}, not an integer`,
    );
  }
  return Number(text);
}

function cutByIndex(selected: readonly Entry[], start: string | null, count: number): Page {
  const startIndex = Math.max(readInteger(start, 'startIndex') ?? 1, 1);
  return {
    entries: selected.slice(startIndex - 1, startIndex - 1 + count),
    totalResults: selected.length,
    startIndex,
    nextCursor: null,
  };
}

interface CursorQuery {
  readonly cursor: string;
  readonly count: number;
  /** What the list is limited by. */
  readonly about: string;
  readonly now: number;
  readonly timeout: number;
}

/** A cursor names the last entry seen, so that what comes or goes meanwhile shifts nothing. */
function cutByCursor(select: () => readonly Entry[], query: CursorQuery): Page {
  const after = query.cursor === '' ? 0 : readCursor(query);
  const selected = select();
  const from = findSeq(selected, after + 1);
  const entries = selected.slice(from, from + query.count);
  const last = entries.at(-1);
  const isLastPage = last === undefined || from + entries.length >= selected.length;
  return {
    entries,
    totalResults: selected.length,
    startIndex: null,
    nextCursor: isLastPage ? null : writeCursor(last.seq, query),
  };
}

/** Unreserved characters only (RFC 9865 section 2): last seq, time in seconds, and a mark of the filter. */
function writeCursor(seq: number, query: CursorQuery): string {
  return [seq.toString(36), Math.floor(query.now / 1000).toString(36), mark(query.about)].join('.');
}

function readCursor(query: CursorQuery): number {
  const [, seq = '', issued = '', filter] =
    /^([0-9a-z]{1,10})\.([0-9a-z]{1,10})\.([0-9a-f]{8})$/.exec(query.cursor) ?? [];
  if (filter === undefined || filter !== mark(query.about)) {
    throw new ScimError(400, 'invalidCursor', 'this cursor was not given for this query');
  }
  if (query.now / 1000 > parseInt(issued, 36) + query.timeout + 1) {
    throw new ScimError(400, 'expiredCursor', `a cursor is good for ${query.timeout} seconds; start again`);
  }
  return parseInt(seq, 36);
}

function mark(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
