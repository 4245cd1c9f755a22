// Deltas: what changed since a time of the store's clock, where a probe has shown that the store honours the filter.
import type { Config } from '../config/config.ts';
import { AgentError } from '../common/errors.ts';
import { parseTimestamp } from '../common/text/timestamp.ts';
import { OVERLAP_MS } from '../protocol/clock-skew.ts';
import { compilePath } from '../protocol/attribute-path.ts';
import type { ScimClient } from './http/client.ts';
import { listQuery } from './pages/list-query.ts';
import { openPage } from './pages/list-page.ts';
import type { Meter } from './http/meter.ts';
import type { ResourceKind } from '../protocol/records.ts';

/** Before and after every modification that a store can have. */
const LONG_AGO = '1970-01-01T00:00:00Z';
const NEVER = '2900-01-01T00:00:00Z';

const lastModified = compilePath('meta.lastModified');

/** @param since RFC 3339. */
export function deltaFilter(since: string): string {
  return `meta.lastModified ge "${new Date(deltaStart(since)).toISOString()}"`;
}

/**
 * Epoch milliseconds of the earliest change that the delta asks for.
 * @throws RangeError where `since` is no RFC 3339 time: a defect of the caller.
 */
function deltaStart(since: string): number {
  const time = parseTimestamp(since);
  if (time === null) throw new RangeError(`a delta since ${since}, which is no RFC 3339 time`);
  return time - OVERLAP_MS;
}

/** Whether a resource belongs to the delta; one that does not shows that the filter was ignored. */
export function isWithinDelta(resource: unknown, since: string): boolean {
  const time = parseTimestamp(String(lastModified(resource)));
  return time !== null && time >= deltaStart(since);
}

/**
 * Asks three times: the filter that nothing matches must find nothing, and the filter that everything matches must find
 * as much as none at all. A store that refuses, ignores or misreads `meta.lastModified` fails one of the three.
 * @throws AgentError where the store cannot be reached.
 */
export async function probeDelta(
  client: ScimClient,
  scim: Config['scim'],
  kind: ResourceKind,
  meter: Meter,
): Promise<boolean> {
  const path = `/${kind}s`;

  async function count(window: string | null): Promise<number | null> {
    const query = { ...listQuery(scim, kind, window), startIndex: '1', count: '1' };
    const page = openPage(await client.get(path, query, meter), path);
    return page.total === 0 && page.ids.length > 0 ? null : page.total;
  }

  try {
    if ((await count(`meta.lastModified ge "${NEVER}"`)) !== 0) return false;
    const everything = await count(null);
    return everything !== null && (await count(`meta.lastModified ge "${LONG_AGO}"`)) === everything;
  } catch (error) {
    if (error instanceof AgentError && error.code === 'store_answer') return false;
    throw error;
  }
}
