// Reads one list to its end, and claims completeness only where every page adds up.
import type { Config } from '../config.ts';
import { AgentError } from '../errors.ts';
import { getProperty, isObject } from './attribute-path.ts';
import type { ScimClient } from './client.ts';
import { listQuery } from './list-query.ts';
import { type ListPage, openPage, StaleCursor } from './list-page.ts';
import type { Meter } from './meter.ts';
import { CursorLoop, type FetchPage, pagesByCursor, pagesByIndex } from './paging.ts';
import type { Provider } from './provider.ts';
import type { Finding, ResourceKind } from './resources.ts';

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
  /** Gets the resources of each page, in order; they may come a second time when the list was read again. */
  readonly onPage: (resources: readonly unknown[]) => Promise<void>;
}

export interface ListEnd {
  readonly isComplete: boolean;
  readonly problems: readonly Finding[];
}

/**
 * Each page goes to `onPage` as it comes; whether they were all is known at the end. A list that changed while it was
 * read is read a second time; if it changed again, what came counts, but nothing is complete.
 * @throws AgentError where not even the first page came, or a bound was passed.
 */
export async function readList(question: ListQuestion): Promise<ListEnd> {
  const first = await readOnce(question, true);
  return first.drifted ? readOnce(question, false) : first;
}

interface OneReading extends ListEnd {
  /** The list changed while it was read, and nothing else was wrong with it. */
  readonly drifted: boolean;
}

async function readOnce(question: ListQuestion, stopsAtDrift: boolean): Promise<OneReading> {
  const { kind, scim } = question;
  const problems = new Map<string, Finding>();
  const note = (code: string, detail: string): void => void problems.set(code, { code, detail });
  const seen = new Set<string>();
  let total: number | null = null;
  let came = 0;
  let pages = 0;

  function check(page: ListPage): void {
    pages += 1;
    if (pages > scim.bounds.pages)
      throw new AgentError('store_bound', `more pages than scim.bounds.pages (${scim.bounds.pages})`);
    if (pages > 1 && page.total !== total)
      note('total-changed', `the number of ${kind}s changed while they were read`);
    total = page.total;
    came += page.resources.length;
    for (const resource of page.resources) {
      const id = isObject(resource) ? getProperty(resource, 'id') : undefined;
      if (typeof id !== 'string' || id === '') note('id-missing', `a ${kind} was listed without an id`);
      else if (seen.has(id)) note('id-twice', `${kind} ${id} was listed twice`);
      else seen.add(id);
    }
  }

  try {
    for await (const page of choosePaging(question)) {
      check(page);
      if (stopsAtDrift && isDrift(problems)) return { isComplete: false, problems: [], drifted: true };
      await question.onPage(page.resources);
    }
    if (total !== null && came !== total)
      note('count-differs', `${came} ${kind}s came of ${String(total)} that the store announced`);
  } catch (error) {
    if (error instanceof StaleCursor || error instanceof CursorLoop) {
      const how = error instanceof StaleCursor ? 'ended before the list did' : 'goes in a circle';
      note('cursor-broken', `the cursor of the ${kind}s ${how}`);
    } else if (pages > 0 && error instanceof AgentError && error.code !== 'store_bound') {
      // What came before counts: a revocation in it must not wait for a page that never comes.
      note('list-broken', `the ${kind}s ended after ${came}: ${error.message}`);
    } else throw error;
  }
  const drifted = stopsAtDrift && isDrift(problems);
  return { isComplete: problems.size === 0, problems: [...problems.values()], drifted };
}

const DRIFT = ['total-changed', 'id-twice', 'count-differs', 'cursor-broken'];

function isDrift(problems: ReadonlyMap<string, Finding>): boolean {
  return DRIFT.some((code) => problems.has(code));
}

async function* choosePaging(question: ListQuestion): AsyncGenerator<ListPage> {
  const { provider, kind } = question;
  const path = `/${kind}s`;
  const count = Math.min(PAGE, provider.maxPage ?? PAGE);
  const fetch = fetcher(question, path);
  if (provider.hasCursors) yield* pagesByCursor(fetch, count);
  else yield* pagesByIndex(fetch, count, path);
}

function fetcher({ client, scim, kind, filter, meter }: ListQuestion, path: string): FetchPage {
  const constant = listQuery(scim, kind, filter);
  let isRefused = false;
  return async (place) => {
    const query: Record<string, string> = { ...constant, ...place };
    if (isRefused) query['count'] = String(Math.min(SMALL_PAGE, Number(place['count'])));
    const answer = await client.get(path, query, meter);
    if (answer.status !== 400 || isRefused || Number(place['count']) <= SMALL_PAGE)
      return openPage(answer, path);
    isRefused = true;
    return openPage(await client.get(path, { ...query, count: String(SMALL_PAGE) }, meter), path);
  };
}
