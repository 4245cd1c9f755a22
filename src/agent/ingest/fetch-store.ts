// Fetches from the store: what the reader brings is judged, absences are confirmed, all in one transaction.
import type { Paths } from '../../common/paths.ts';
import type { Config } from '../../config/config.ts';
import type { StateDatabase } from '../../state/state.ts';
import type { IngestBatch, IngestCounts } from '../../state/batch/ingest-model.ts';
import { isTolerated } from '../../protocol/clock-skew.ts';
import type { FetchEnd, ReadAnswer } from '../../protocol/messages.ts';
import { createPathTally, type PathTally } from './path-tally.ts';
import type { ResourceJudge } from './judge-resource.ts';
import type { Reader } from '../reader-client/reader-client.ts';
import { type Finding, RESOURCE_KINDS, type ResourceKind } from '../../protocol/records.ts';
import type { Lists } from './judge-absences.ts';
import type { SyncMode, SyncRequest } from './sync-request.ts';
import type { Progress } from '../progress.ts';
import { createDeltaCheck, describeDistrust } from './delta-check.ts';
import { DISTRUST, findDistrust, findReadUntil } from './delta-window.ts';
import { findUnsaidInactive, presumeInactive } from './kept-inactive.ts';
import { createOddTally } from './odd-tally.ts';
import { readOperatorFiles } from '../overrides/operator-files.ts';
import { readResources } from './read-resources.ts';
import { scopeOf } from './fetch-scope.ts';
import { resolveSuspects } from './suspects.ts';
import { ingestPageLine } from './ingest-resources.ts';
import type { PageLine } from '../../protocol/page-lines.ts';

export interface FetchResult {
  /** What was really done: a delta may have become a full read. */
  readonly mode: SyncMode;
  /** Whether a full read came to its end: only then does silence mean anything. */
  readonly complete: Readonly<Record<ResourceKind, boolean>>;
  /** Whether all that was asked for came, of a delta too: a later delta continues there. */
  readonly isAnswered: boolean;
  readonly problems: readonly Finding[];
  /** What is odd and no reason to doubt what came, such as an attribute path that matches no user. */
  readonly warnings: readonly Finding[];
  /** `missed`, of a full read: how many of the changes no delta would have brought (see delta-check). */
  readonly ingested: IngestCounts & { readonly missed: number };
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

export interface FetchContext {
  readonly reader: Reader;
  readonly judge: ResourceJudge;
  readonly state: StateDatabase;
  readonly config: Config;
  readonly paths: Paths;
  /** Epoch seconds. */
  readonly now: number;
  readonly onProgress?: Progress;
}

/**
 * Asks the reader for what is requested and ingests it into the state database, page by page as it comes.
 * @param since the store's time (RFC 3339) from which a delta asks; null: a delta has to become a full read.
 * @throws AgentError when the store could not be fetched; the state database is then as before.
 */
export async function fetchStore(
  context: FetchContext,
  order: SyncRequest,
  since: string | null,
): Promise<FetchResult> {
  const { config, reader, state, paths, now } = context;
  const inactive = findUnsaidInactive(state, config, () => readOperatorFiles(paths).blocked);
  const listener = openListener({ ...context, judge: presumeInactive(context.judge, inactive) });
  const end = order.mode === 'event' ? null : await askForLists(context, order.mode, since, listener);
  const named = await readResources(reader, order.resources);
  const clock = end ?? named.find((answer) => answer.server_time !== null) ?? null;
  const skew = clock === null || clock.server_time === null ? null : clock.local_time - clock.server_time;
  const isClockRight = isTolerated(skew);
  const { ingested, reads, missed, problems, warnings } = await listener.finish(end, named, isClockRight);
  const deltasOffUntil = missed > 0 ? now + DISTRUST : findDistrust(state, config, now);
  return {
    mode: end?.mode ?? 'event',
    complete: end?.mode === 'full' ? end.complete : { User: false, Group: false },
    isAnswered: end !== null && end.complete.User && end.complete.Group,
    problems: [...(end?.problems ?? []), ...problems, ...(isClockRight ? [] : [clockFinding(skew ?? 0)])],
    warnings: [...warnings, ...(deltasOffUntil === null ? [] : [describeDistrust(missed, deltasOffUntil)])],
    ingested: { ...ingested, missed },
    serverTime: clock?.server_time ?? null,
    skew,
    scope: scopeOf(config),
    requests: (end?.requests ?? 0) + named.length + reads,
    retries: end?.retries ?? 0,
    bytes: end?.bytes ?? 0,
  };
}

async function askForLists(
  { reader, state, onProgress }: FetchContext,
  mode: 'full' | 'delta',
  since: string | null,
  listener: FetchListener,
): Promise<FetchEnd> {
  const asked = since === null ? 'full' : mode;
  // What came last time is what will come, more or less; of a delta that is not known. Counting is work.
  const expected = onProgress === undefined || asked === 'delta' ? null : countRecords(state) || null;
  let came = 0;
  onProgress?.('fetch', 0, expected);
  // What goes wrong on our side is no fault of the pipe, which would be closed for it.
  let failure: { readonly error: unknown } | null = null;
  const end = await reader.fetch({ mode: asked, since }, (line) => {
    if (failure !== null) return 0;
    try {
      const count = listener.ingest(line);
      came += count;
      onProgress?.('fetch', came, expected);
      return count;
    } catch (error) {
      failure = { error };
      return 0;
    }
  });
  const failed = failure as { readonly error: unknown } | null;
  if (failed !== null) throw failed.error;
  onProgress?.('fetch', came, came);
  return end;
}

function countRecords(state: StateDatabase): number {
  const { users, groups } = state.counts();
  return users + groups;
}

interface Ingested {
  readonly ingested: IngestCounts;
  /** Resources that were asked for one by one. */
  readonly reads: number;
  readonly missed: number;
  readonly problems: readonly Finding[];
  readonly warnings: readonly Finding[];
}

const NOTHING: IngestCounts = { added: 0, changed: 0, gone: 0, renewed: 0, quarantined: 0, unreadable: 0 };

interface FetchListener {
  /** @returns how many resources the line has. */
  ingest(line: PageLine): number;
  /** @param end null: no list was asked for. */
  finish(end: FetchEnd | null, named: readonly ReadAnswer[], mayConfirm: boolean): Promise<Ingested>;
}

/** One batch, begun when there is something to ingest. */
function openListener(context: FetchContext): FetchListener {
  const { state, config, judge, now, onProgress } = context;
  const paths = createPathTally(config);
  const odd = createOddTally();
  const deltas = createDeltaCheck(findReadUntil(state, config, now));
  let batch: IngestBatch | null = null;
  const begin = (): IngestBatch => {
    batch ??= state.openBatch({ now, maxAge: config.keys.max_age, absences: config.limits.absences });
    return batch;
  };
  return {
    ingest: (line) => ingestPageLine(line, begin(), judge, { paths, odd, deltas }),
    async finish(end, named, mayConfirm) {
      const hasNews = end?.mode === 'full' || named.length > 0 || batch !== null;
      if (!hasNews) return { ingested: NOTHING, reads: 0, missed: 0, problems: [], warnings: [] };
      onProgress?.('ingest', 0, null);
      const begun = begin();
      const lists = end?.mode === 'full' ? describeLists(end, paths) : null;
      const { reads, left, problems, warnings } = await resolveSuspects(begun, context, lists, named);
      const unmatched = RESOURCE_KINDS.flatMap((kind) =>
        lists?.[kind].isComplete === true ? paths.unmatched(kind) : [],
      );
      left.forEach((group) => deltas.seeLeft(group));
      const missed = lists === null ? 0 : deltas.missed();
      const ingested = begun.commit(mayConfirm);
      onProgress?.('ingest', ingested.added + ingested.changed, ingested.added + ingested.changed);
      return { ingested, reads, missed, problems, warnings: [...warnings, ...unmatched, ...odd.findings()] };
    },
  };
}

function describeLists({ complete }: FetchEnd, paths: PathTally): Lists {
  return {
    User: { came: paths.seen('User'), isComplete: complete.User },
    Group: { came: paths.seen('Group'), isComplete: complete.Group },
  };
}

function clockFinding(skew: number): Finding {
  const seconds = Math.round(skew / 1000);
  return {
    code: 'clock-skew',
    detail: `this node's clock is ${seconds} s off the store's, so nothing is confirmed: fix time synchronisation`,
  };
}
