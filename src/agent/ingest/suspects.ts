// Looks missing resources up by id: a confirmed absence acts now, any other has to be repeated.
import { randomInt } from 'node:crypto';
import type { Suspect, IngestBatch } from '../../state/batch/ingest-model.ts';
import type { ReadAnswer } from '../../protocol/messages.ts';
import type { ResourceJudge } from './judge-resource.ts';
import type { Reader } from '../reader-client/reader-client.ts';
import type { GroupRecord, Judged, ResourceKind } from '../../protocol/records.ts';
import { type JudgedAbsences, judgeAbsences, type Lists, type SingleRead } from './judge-absences.ts';
import { readResources } from './read-resources.ts';
import { ingestOne } from './ingest-resources.ts';

/** More suspects than this are not asked for one by one: that many are for the guard and for time. */
const MAX_SINGLE_READS = 50;

/** Of a list that did not add up: more missing than this, or than came, says that most of it never did. */
const MAX_MISSING_OF_PARTIAL = 500;

export interface SuspectOutcome extends Pick<JudgedAbsences, 'problems' | 'warnings'> {
  /** How many were asked for. */
  readonly reads: number;
  /** SCIM ids of the groups that members have left. */
  readonly left: readonly string[];
}

/**
 * Looks up the named resources and those that are missing.
 * @param lists of a full read: how many of a kind came, and whether that was all; null: silence means nothing.
 * @param named answers about single resources that are here already.
 */
export async function resolveSuspects(
  batch: IngestBatch,
  { reader, judge }: { readonly reader: Reader; readonly judge: ResourceJudge },
  lists: Lists | null,
  named: readonly ReadAnswer[],
): Promise<SuspectOutcome> {
  for (const answer of named) {
    if (answer.found === 'present') ingestOne(batch, judge, answer.kind, answer.resource);
    else if (answer.found === 'absent') batch.confirmAbsence({ ...answer, lostMembers: [] });
  }
  const known = new Map(named.map((answer) => [nameOf(answer), answer]));
  const suspects = findSuspects(batch, lists);
  const chosen = shuffle(suspects.filter((suspect) => !known.has(nameOf(suspect)))).slice(
    0,
    MAX_SINGLE_READS,
  );
  const answers = await readResources(reader, chosen);
  for (const answer of answers) known.set(nameOf(answer), answer);

  const find = (suspect: Suspect): ReadAnswer | undefined => known.get(nameOf(suspect));
  const reads = new Map(suspects.map((suspect) => [suspect, readMembers(batch, judge, find(suspect))]));
  const judged = judgeAbsences(suspects, (suspect) => reads.get(suspect), lists);
  for (const absence of judged.absences) {
    const { suspect, verdict } = absence;
    if (verdict === 'gone') batch.confirmAbsence({ ...suspect, lostMembers: [] });
    else if (verdict === 'left') batch.confirmAbsence({ ...suspect, lostMembers: absence.members });
    else if (verdict === 'count') batch.countAbsence(suspect);
    else if (verdict === 'there') ingestOne(batch, judge, suspect.kind, find(suspect)?.resource);
  }
  const left = judged.absences.flatMap(({ suspect, verdict }) => (verdict === 'left' ? [suspect.id] : []));
  return { reads: answers.length, left, problems: judged.problems, warnings: judged.warnings };
}

function readMembers(
  batch: IngestBatch,
  judge: ResourceJudge,
  answer: ReadAnswer | undefined,
): SingleRead | undefined {
  if (answer === undefined) return undefined;
  const { kind, id, found, resource } = answer;
  if (kind !== 'Group' || found !== 'present') return { found, members: null };
  const judged = judge.readGroup(resource, batch.previous('Group', id) as GroupRecord | null);
  return { found, members: hasReadMembers(judged) ? new Set(judged.record?.members) : null };
}

/** Whatever else of the group is broken, the members that it lists were read. */
function hasReadMembers(
  judged: Judged<GroupRecord>,
): judged is Exclude<typeof judged, { kind: 'unreadable' }> {
  if (judged.kind !== 'quarantined') return judged.kind === 'good';
  return judged.record !== null && judged.findings.every(({ code }) => code !== 'members-malformed');
}

/**
 * A list that did not add up still shows who may be missing: they are asked for, though their absence does not count by
 * itself. Otherwise one unreadable record would keep the access of each person who leaves.
 */
function findSuspects(batch: IngestBatch, lists: Lists | null): Suspect[] {
  if (lists === null) return batch.suspects({ User: false, Group: false });
  const all = batch.suspects({ User: true, Group: true });
  const missing = { User: 0, Group: 0 };
  for (const { kind, lostMembers } of all) if (lostMembers.length === 0) missing[kind] += 1;
  const mayAsk = (kind: ResourceKind): boolean =>
    lists[kind].isComplete || missing[kind] <= Math.min(lists[kind].came, MAX_MISSING_OF_PARTIAL);
  return all.filter(({ kind, lostMembers }) => lostMembers.length > 0 || mayAsk(kind));
}

function nameOf({ kind, id }: { readonly kind: ResourceKind; readonly id: string }): string {
  return `${kind} ${id}`;
}

/** At random, so that no user can hide behind others that they make disappear. */
function shuffle<T>(items: T[]): T[] {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [items[last], items[other]] = [items[other] as T, items[last] as T];
  }
  return items;
}
