// Follows the store's events by long polling (RFC 8936), as long as the store offers them; each only says "look now".
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

/** How long a poll may be held open by the store, in seconds. */
const POLL_SECONDS = 120;

/** How long a store that offers no events is left in peace. */
const ASK_AGAIN_MS = 3_600_000;

const MAX_EVENTS = 200;

/** What one poll brought. */
interface Poll {
  readonly looks: readonly Announcement[];
  /** Tokens that name nothing we know: something happened all the same. */
  readonly unread: number;
  /** `jti` of all of them, acknowledged with the next poll. */
  readonly ids: readonly string[];
}

/**
 * Runs until `signal` is aborted. Below the base URL and so at the same origin, and never redirected: RFC 9967 leaves
 * open where to poll. Every node has a stream of its own, so that none takes the others' events.
 * @param onLook also called when the connection is there again, since what was announced meanwhile may be lost.
 */
export async function followEvents(
  store: Store,
  onLook: (look: Omit<ChangeNotice, 'say'>) => void,
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
      if (!isFollowing) log.info('the store announces changes: they are followed');
      const look = summarise(poll);
      if (!isFollowing) onLook({ mode: 'delta', resources: [] });
      if (look !== null) onLook(look);
      acknowledged = poll.ids;
      isFollowing = true;
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      if (failures === 1)
        log.warn(`the store's events cannot be followed, it is polled: ${describeError(error)}`);
      isFollowing = false;
      await pause(1000 + waitAfter(failures, null, Math.random()), signal);
    }
  }
}

/**
 * @param isImmediate whether an answer is wanted at once, to know that the stream is there.
 * @returns null: the store offers none.
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
  const looks = read.filter((announcement) => announcement !== null);
  return { looks, unread: read.length - looks.length, ids };
}

/** Few resources are named; more are a case for a delta, which still needs the names of who was deleted. */
function summarise({ looks, unread }: Poll): Omit<ChangeNotice, 'say'> | null {
  if (looks.length + unread === 0) return null;
  const all = unique(looks);
  if (unread === 0 && all.length <= MAX_NAMED) return { mode: 'event', resources: all };
  const deleted = unique(looks.filter(({ isDeletion }) => isDeletion));
  return deleted.length <= MAX_NAMED
    ? { mode: 'delta', resources: deleted }
    : { mode: 'full', resources: [] };
}

function unique(looks: readonly Announcement[]): ChangeNotice['resources'] {
  return [...new Map(looks.map(({ resource }) => [`${resource.kind} ${resource.id}`, resource])).values()];
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => {});
}
