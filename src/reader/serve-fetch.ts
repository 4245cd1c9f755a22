// Answers a fetch: both lists, in full or since a time, page by page to the agent.
import { AgentError } from '../common/errors.ts';
import type { ListEnd } from './pages/check-pages.ts';
import type { Channel } from '../protocol/channel.ts';
import { deltaFilter, isWithinDelta } from './delta.ts';
import { type Meter, startMeter } from './http/meter.ts';
import { readList } from './pages/pages.ts';
import { writePage } from '../protocol/page-lines.ts';
import type { FetchAsk, FetchEnd } from '../protocol/messages.ts';
import { type Finding, RESOURCE_KINDS, type ResourceKind } from '../protocol/records.ts';
import { isBadContent } from './pages/split.ts';
import type { Store } from './store.ts';

/** How each list of a fetch ended. */
type Ends = Readonly<Record<ResourceKind, ListEnd>>;

/** A delta listed what was not asked for: the store ignored the filter, and what the delta lacks means nothing. */
class FilterIgnored extends Error {}

/**
 * Sends the pages; the caller sends the end. A delta becomes a full read where the store does not honour the filter.
 * @throws AgentError where neither list could be read, or a bound was exceeded.
 */
export async function serveFetch(channel: Channel, ask: FetchAsk, store: Store): Promise<FetchEnd> {
  const meter = startMeter(store.config.scim.bounds);
  const delta =
    ask.mode === 'delta' && ask.since !== null ? await readDelta(channel, ask, store, meter) : null;
  const ends = delta ?? (await readLists(channel, ask, store, meter, null));
  return {
    say: 'end',
    n: ask.n,
    mode: delta === null ? 'full' : 'delta',
    complete: { User: ends.User.isComplete, Group: ends.Group.isComplete },
    problems: [...ends.User.problems, ...ends.Group.problems],
    server_time: meter.clock?.serverTime ?? null,
    local_time: meter.clock?.localTime ?? Date.now(),
    requests: meter.requests,
    retries: meter.retries,
    bytes: meter.bytes,
  };
}

/** null: the store does not support deltas. */
async function readDelta(channel: Channel, ask: FetchAsk, store: Store, meter: Meter): Promise<Ends | null> {
  const { since } = ask;
  if (since === null || !(await store.honoursDelta(meter))) return null;
  try {
    return await readLists(channel, ask, store, meter, since);
  } catch (error) {
    if (!(error instanceof FilterIgnored)) throw error;
    store.distrustDelta();
    return null;
  }
}

/**
 * If one list cannot be read, the other is still sent; if neither can be read, the first error is thrown.
 * @param since RFC 3339; null: everything.
 */
async function readLists(
  channel: Channel,
  { n }: FetchAsk,
  store: Store,
  meter: Meter,
  since: string | null,
): Promise<Ends> {
  const { client } = store;
  const { scim } = store.config;
  const provider = await store.provider(meter);
  const ends: Record<ResourceKind, ListEnd> = { User: NOTHING, Group: NOTHING };
  const failures: AgentError[] = [];
  for (const kind of RESOURCE_KINDS) {
    try {
      ends[kind] = await readList({
        client,
        scim,
        provider,
        kind,
        meter,
        filter: since === null ? null : deltaFilter(since),
        async onPage({ resources }) {
          if (since !== null && !resources.every((resource) => isWithinDelta(resource, since)))
            throw new FilterIgnored();
          for (const line of writePage(n, kind, resources)) await channel.sendLine(line);
        },
      });
    } catch (error) {
      if (!(error instanceof AgentError) || isFatal(error)) throw error;
      failures.push(error);
      ends[kind] = { isComplete: false, problems: [describe(error)] };
    }
  }
  if (failures.length === RESOURCE_KINDS.length && failures[0] !== undefined) throw failures[0];
  return ends;
}

const NOTHING: ListEnd = { isComplete: false, problems: [] };

/** Errors that the other list would meet as well. */
const FATAL: ReadonlySet<string> = new Set(['token_missing', 'ca_file', 'store_refused_token', 'store_busy']);

function isFatal(error: AgentError): boolean {
  // The bounds of one answer concern its list alone; the other bounds concern the fetch as a whole.
  return FATAL.has(error.code) || (error.code === 'store_bound' && !isBadContent(error));
}

function describe(error: AgentError): Finding {
  return { code: error.code, detail: `${error.message} (${error.hint})`.slice(0, 2000) };
}
