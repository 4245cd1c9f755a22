// Hears the store out: one pass of the reader, each resource judged, absences confirmed, all in one transaction.
import type { Config } from '../config.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { Suspect, Take, TakeCounts } from '../mirror/take.ts';
import type { ResourceJudge } from '../scim/read-resource.ts';
import type { Reader } from '../scim/reader.ts';
import type { Finding, GroupRecord, UserRecord } from '../scim/resources.ts';

/** A clock further off the store's than this vouches for nobody, in milliseconds. */
const MAX_SKEW_MS = 300_000;

/** More suspects than this are not asked for one by one: that many are for the guard and for time. */
const MAX_SINGLE_READS = 50;

export interface Heard {
  readonly mode: 'full' | 'delta';
  readonly complete: Readonly<Record<'User' | 'Group', boolean>>;
  readonly problems: readonly Finding[];
  readonly taken: TakeCounts;
  /** The store's clock at its first answer, epoch milliseconds; null if it sends no Date. */
  readonly serverTime: number | null;
  /** Local clock less the store's, in milliseconds; null if unknown. */
  readonly skew: number | null;
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

/**
 * Asks the reader for a pass and takes what comes into the mirror.
 * @param since for a delta: the store's time (RFC 3339) from which changes are asked for.
 * @throws AgentError when the store could not be heard; the mirror is then as before.
 */
export async function hearStore(
  parts: HearParts,
  mode: 'full' | 'delta',
  since: string | null,
): Promise<Heard> {
  const { reader, mirror, config, now } = parts;
  // Renewing waits for the end, when the store's clock is known: the pages are kept judged until then.
  const pages: { kind: 'User' | 'Group'; resources: readonly unknown[] }[] = [];
  const end = await reader.pass(mode, since, (kind, resources) => pages.push({ kind, resources }));
  const skew = end.server_time === null ? null : end.local_time - end.server_time;
  const mayConfirm = skew === null || Math.abs(skew) <= MAX_SKEW_MS;
  const take = mirror.beginTake({
    now,
    maxAge: config.keys.max_age,
    absences: config.limits.absences,
    mayConfirm,
  });
  try {
    for (const { kind, resources } of pages) {
      for (const raw of resources) takeOne(take, parts.judge, kind, raw);
    }
    await settleSuspects(take, take.suspects(end.complete), parts);
    const taken = take.commit();
    const problems = mayConfirm ? end.problems : [...end.problems, clockFinding(skew ?? 0)];
    const { requests, retries, bytes, complete, server_time: serverTime } = end;
    return { mode, complete, problems, taken, serverTime, skew, requests, retries, bytes };
  } catch (error) {
    take.rollback();
    throw error;
  }
}

function takeOne(take: Take, judge: ResourceJudge, kind: 'User' | 'Group', raw: unknown): void {
  const read = (previous: UserRecord | GroupRecord | null) =>
    kind === 'User'
      ? judge.readUser(raw, previous as UserRecord | null)
      : judge.readGroup(raw, previous as GroupRecord | null);
  const judged = read(null);
  // Only a broken record needs its last good value, so only then is it looked up.
  take.add(kind, judged.kind === 'quarantined' ? read(take.previous(kind, judged.id)) : judged);
}

/** What is missing is asked for by its id: a confirmed absence acts now, any other has to be repeated. */
async function settleSuspects(take: Take, suspects: readonly Suspect[], parts: HearParts): Promise<void> {
  const { reader, judge } = parts;
  for (const [index, suspect] of suspects.entries()) {
    const answer = index < MAX_SINGLE_READS ? await reader.read(suspect.kind, suspect.id) : null;
    if (answer === null || answer.found === 'unknown') {
      take.countAbsence(suspect);
    } else if (answer.found === 'absent') {
      take.confirmAbsence({ ...suspect, lostMembers: [] });
    } else if (suspect.lostMembers.length === 0) {
      // The list was wrong and the resource is there: take it as read.
      takeOne(take, judge, suspect.kind, answer.resource);
    } else {
      const judged = judge.readGroup(
        answer.resource,
        take.previous('Group', suspect.id) as GroupRecord | null,
      );
      const listed = judged.kind === 'good' ? new Set(judged.record.members) : null;
      const lostMembers = listed === null ? [] : suspect.lostMembers.filter((member) => !listed.has(member));
      if (lostMembers.length > 0) take.confirmAbsence({ ...suspect, lostMembers });
    }
  }
}

function clockFinding(skew: number): Finding {
  const seconds = Math.round(skew / 1000);
  return {
    code: 'clock-skew',
    detail: `this node's clock is ${seconds} s off the store's, so nothing is confirmed: mend time synchronisation`,
  };
}
