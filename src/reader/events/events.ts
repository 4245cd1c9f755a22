// Follows the store's events by long polling (RFC 8936) where the store offers them; an event only triggers a fetch.
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '../../common/errors.ts';
import type { Logger } from '../../common/log.ts';
import { getProperty, isObject } from '../../protocol/attribute-path.ts';
import { type Announcement, readAnnouncement } from './event-token.ts';
import { startMeter } from '../http/meter.ts';
import { type ChangeNotice, MAX_NAMED } from '../../protocol/messages.ts';
import { waitAfter } from '../http/retry.ts';
import type { Store } from '../store.ts';

/** How long the store may hold a poll open, in seconds. */
const POLL_SECONDS = 120;

/** After this time a store that offers no events is asked again. */
const ASK_AGAIN_MS = 3_600_000;

const MAX_EVENTS = 200;

/** The result of one poll. */
interface Poll {
  readonly announcements: readonly Announcement[];
  /** Number of tokens that name no User or Group: something changed all the same. */
  readonly unread: number;
  /** `jti` of all of them, acknowledged with the next poll. */
  readonly ids: readonly string[];
}

/**
 * Runs until `signal` is aborted. RFC 9967 leaves open where to poll: this polls below the base URL, so at the same
 * origin, and follows no redirect. Each node has a stream of its own, so that no node consumes another's events.
 * @param onNotice also called when the connection is back, since events of the meantime may be lost.
 */
export async function followEvents(
  store: Store,
  onNotice: (notice: Omit<ChangeNotice, 'say'>) => void,
  signal: AbortSignal,
  log: Logger,
): Promise<void> {
  const path = `/SecurityEvents/${createHash('sha256').update(hostname()).digest('hex').slice(0, 16)}`;
  let isFollowing = false;
  let failures = 0;
  let acknowledged: readonly string[] = [];

  while (!signal.aborted) {
    try {
      const poll = await pollOnce(store, path, acknowledged, !isFollowing, signal);
      if (poll === null) {
        isFollowing = false;
        await pause(ASK_AGAIN_MS, signal);
        continue;
      }
      if (!isFollowing) log.info('following the change events of the store');
      const notice = summarise(poll);
      if (!isFollowing) onNotice({ mode: 'delta', resources: [] });
      if (notice !== null) onNotice(notice);
      acknowledged = poll.ids;
      isFollowing = true;
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      if (failures === 1)
        log.warn(`cannot follow the store's events; the schedule alone applies: ${describeError(error)}`);
      isFollowing = false;
      await pause(1000 + waitAfter(failures, null, Math.random()), signal);
    }
  }
}

/**
 * @param isImmediate whether the store is asked to answer at once, which shows that the stream exists.
 * @returns null: the store offers no events.
 */
async function pollOnce(
  store: Store,
  path: string,
  ack: readonly string[],
  isImmediate: boolean,
  signal: AbortSignal,
): Promise<Poll | null> {
  const { bounds } = store.config.scim;
  const meter = startMeter({ ...bounds, pass: POLL_SECONDS + bounds.request }, signal);
  const { hasEvents } = await store.provider(meter);
  if (!hasEvents) return null;
  const question = { maxEvents: MAX_EVENTS, returnImmediately: isImmediate, ack };
  const answer = await store.client.post(path, question, POLL_SECONDS, meter);
  const body = answer.body();
  const sets = isObject(body) ? getProperty(body, 'sets') : undefined;
  if (answer.status !== 200 || !isObject(sets)) return null;
  const ids = Object.keys(sets).slice(0, MAX_EVENTS * 5);
  const read = ids.map((id) => readAnnouncement(sets[id]));
  const announcements = read.filter((announcement) => announcement !== null);
  return { announcements, unread: read.length - announcements.length, ids };
}

/** Names up to MAX_NAMED resources; more become a delta, which still names the deleted ones, or a full read. */
function summarise({ announcements, unread }: Poll): Omit<ChangeNotice, 'say'> | null {
  if (announcements.length + unread === 0) return null;
  const all = unique(announcements);
  if (unread === 0 && all.length <= MAX_NAMED) return { mode: 'event', resources: all };
  const deleted = unique(announcements.filter(({ isDeletion }) => isDeletion));
  return deleted.length <= MAX_NAMED
    ? { mode: 'delta', resources: deleted }
    : { mode: 'full', resources: [] };
}

function unique(announcements: readonly Announcement[]): ChangeNotice['resources'] {
  const byName = announcements.map(({ resource }) => [`${resource.kind} ${resource.id}`, resource] as const);
  return [...new Map(byName).values()];
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => {});
}
