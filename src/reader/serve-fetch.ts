// Answers the question for a pass: both lists, read whole or since a time, page by page to the agent.
import { AgentError } from '../common/errors.ts';
import type { ListEnd } from './pages/check-pages.ts';
import type { Channel } from '../protocol/channel.ts';
import { deltaFilter, isWithinDelta } from './delta.ts';
import { type Meter, startMeter } from './http/meter.ts';
import { readList } from './pages/pages.ts';
import { writePage } from '../protocol/page-lines.ts';
import type { FetchAsk, FetchEnd, Say } from '../protocol/messages.ts';
import { type Finding, RESOURCE_KINDS, type ResourceKind } from '../protocol/records.ts';
import { isBadContent } from './pages/split.ts';
import type { Store } from './store.ts';

/** What a pass of one mode came to. */
type Ends = Readonly<Record<ResourceKind, ListEnd>>;

/** A delta brought what was not asked for: the filter was ignored, and what is missing from it means nothing. */
class FilterIgnored extends Error {}

/**
 * Sends the pages; the end is for the caller to send. A delta becomes a full read where the store does not honour such a question.
 * @throws AgentError where nothing of it came, or a bound was passed.
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

/** null: the store cannot be asked so. */
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
 * One kind that cannot be read does not keep the other from being taken; where neither can be, the first error counts.
 * @param since null: everything.
 */
async function readLists(
  channel: Channel,
  { n, known }: FetchAsk,
  store: Store,
  meter: Meter,
  since: string | null,
): Promise<Ends> {
  const { client } = store;
  if (since === null) store.pages.begin(known);
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
        pages: since === null ? store.pages : null,
        async onPage({ resources, digest }) {
          if (since !== null && resources?.every((resource) => isWithinDelta(resource, since)) !== true)
            throw new FilterIgnored();
          for (const line of writePage(n, kind, resources ?? [])) await channel.sendLine(line);
          await channel.send({ say: 'page', n, kind, digest, is_known: resources === null } satisfies Say);
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

/** What no other list would change. */
const FATAL: ReadonlySet<string> = new Set(['token_missing', 'ca_file', 'store_refused_token', 'store_busy']);

function isFatal(error: AgentError): boolean {
  // A single answer that is too much is the matter of its list; the other bounds are of the pass as a whole.
  return FATAL.has(error.code) || (error.code === 'store_bound' && !isBadContent(error));
}

function describe(error: AgentError): Finding {
  return { code: error.code, detail: `${error.message} (${error.hint})`.slice(0, 2000) };
}
