// Hears the store out: what the reader brings is judged, absences are confirmed, all in one transaction.
import type { Config } from '../config.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { Take, TakeCounts } from '../mirror/take.ts';
import type { PassEnd, ReadAnswer } from '../scim/protocol.ts';
import type { ResourceJudge } from '../scim/read-resource.ts';
import type { Reader } from '../scim/reader.ts';
import type { Finding, ResourceKind } from '../scim/resources.ts';
import type { PassMode, PassOrder } from './order.ts';
import { readResources } from './read-resources.ts';
import { scopeOf } from './scope.ts';
import { settleSuspects } from './suspects.ts';
import { takeOne } from './take-one.ts';

/** A clock further off the store's than this vouches for nobody, in milliseconds. */
const MAX_SKEW_MS = 300_000;

export interface Heard {
  /** What was really done: a delta may have become a full read. */
  readonly mode: PassMode;
  /** Whether all that was asked for came; absences can be concluded from a full read alone. */
  readonly complete: Readonly<Record<ResourceKind, boolean>>;
  readonly problems: readonly Finding[];
  readonly taken: TakeCounts;
  /** The store's clock at its first answer, epoch milliseconds; null if it sends no Date. */
  readonly serverTime: number | null;
  /** Local clock less the store's, in milliseconds; null if unknown. */
  readonly skew: number | null;
  /** A mark of the question, so that a later delta continues this answer and no other. */
  readonly scope: string;
  readonly requests: number;
  readonly retries: number;
  readonly bytes: number;
}

export interface HearParts {
  readonly reader: Reader;
  readonly judge: ResourceJudge;
  readonly mirror: Mirror;
  readonly config: Config;
  /** Epoch seconds. */
  readonly now: number;
}

/** What came over the pipe, not judged yet. */
interface Came {
  readonly pages: readonly { readonly kind: ResourceKind; readonly resources: readonly unknown[] }[];
  /** null: no list was asked for. */
  readonly end: PassEnd | null;
  readonly named: readonly ReadAnswer[];
}

/**
 * Asks the reader for what is ordered and takes what comes into the mirror.
 * @param since the store's time (RFC 3339) from which a delta asks; null: a delta has to become a full read.
 * @throws AgentError when the store could not be heard; the mirror is then as before.
 */
export async function hearStore(parts: HearParts, order: PassOrder, since: string | null): Promise<Heard> {
  const { config } = parts;
  const came = await ask(parts.reader, order, since);
  const { end, named } = came;
  const clock = end ?? named.find((answer) => answer.server_time !== null) ?? null;
  const skew = clock === null || clock.server_time === null ? null : clock.local_time - clock.server_time;
  const isClockRight = skew === null || Math.abs(skew) <= MAX_SKEW_MS;
  const { taken, reads } = await take(parts, came, isClockRight);
  return {
    mode: end?.mode ?? 'event',
    complete: end?.complete ?? { User: false, Group: false },
    problems: [...(end?.problems ?? []), ...(isClockRight ? [] : [clockFinding(skew ?? 0)])],
    taken,
    serverTime: clock?.server_time ?? null,
    skew,
    scope: scopeOf(config),
    requests: (end?.requests ?? 0) + named.length + reads,
    retries: end?.retries ?? 0,
    bytes: end?.bytes ?? 0,
  };
}

async function ask(reader: Reader, { mode, resources }: PassOrder, since: string | null): Promise<Came> {
  // Renewing waits for the end, when the store's clock is known: the pages are kept until then.
  const pages: { kind: ResourceKind; resources: readonly unknown[] }[] = [];
  const end =
    mode === 'event'
      ? null
      : await reader.pass(since === null ? 'full' : mode, since, (kind, page) =>
          pages.push({ kind, resources: page }),
        );
  return { pages, end, named: await readResources(reader, resources) };
}

/** All or nothing: whatever goes wrong, the mirror is as before. */
async function take(
  parts: HearParts,
  { pages, end, named }: Came,
  mayConfirm: boolean,
): Promise<{ taken: TakeCounts; reads: number }> {
  const { mirror, config, judge, now } = parts;
  const hasNews =
    end?.mode === 'full' || named.length > 0 || pages.some(({ resources }) => resources.length > 0);
  if (!hasNews)
    return { taken: { added: 0, changed: 0, renewed: 0, quarantined: 0, unreadable: 0 }, reads: 0 };
  const rules = { now, maxAge: config.keys.max_age, absences: config.limits.absences, mayConfirm };
  const taking: Take = mirror.beginTake(rules);
  try {
    for (const { kind, resources } of pages) for (const raw of resources) takeOne(taking, judge, kind, raw);
    const reads = await settleSuspects(taking, parts, end?.mode === 'full' ? end.complete : null, named);
    return { taken: taking.commit(), reads };
  } catch (error) {
    taking.rollback();
    throw error;
  }
}

function clockFinding(skew: number): Finding {
  const seconds = Math.round(skew / 1000);
  return {
    code: 'clock-skew',
    detail: `this node's clock is ${seconds} s off the store's, so nothing is confirmed: mend time synchronisation`,
  };
}
