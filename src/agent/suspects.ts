// What is missing is asked for by its id: a confirmed absence acts now, any other has to be repeated.
import { randomInt } from 'node:crypto';
import type { Suspect, Take } from '../mirror/take.ts';
import type { ReadAnswer } from '../scim/protocol.ts';
import type { ResourceJudge } from '../scim/read-resource.ts';
import type { Reader } from '../scim/reader.ts';
import type { GroupRecord, ResourceKind } from '../scim/resources.ts';
import { readResources } from './read-resources.ts';
import { takeOne } from './take-one.ts';

export type Lists = Readonly<Record<ResourceKind, { readonly came: number; readonly isComplete: boolean }>>;

/** More suspects than this are not asked for one by one: that many are for the guard and for time. */
const MAX_SINGLE_READS = 50;

/** Of a list that did not add up: more missing than this, or than came, says that most of it never did. */
const MAX_MISSING_OF_PARTIAL = 500;

/**
 * Settles the named resources and whoever is missing.
 * @param lists of a full read: how many of a kind came, and whether that was all; null: silence means nothing.
 * @param named answers about single resources that are here already.
 * @returns how many were asked for.
 */
export async function settleSuspects(
  take: Take,
  { reader, judge }: { readonly reader: Reader; readonly judge: ResourceJudge },
  lists: Lists | null,
  named: readonly ReadAnswer[],
): Promise<number> {
  for (const answer of named) {
    if (answer.found === 'present') takeOne(take, judge, answer.kind, answer.resource);
    else if (answer.found === 'absent') take.confirmAbsence({ ...answer, lostMembers: [] });
  }
  const known = new Map(named.map((answer) => [nameOf(answer), answer]));
  const suspects = findSuspects(take, lists);
  const chosen = shuffle(suspects.filter((suspect) => !known.has(nameOf(suspect)))).slice(
    0,
    MAX_SINGLE_READS,
  );
  const answers = await readResources(reader, chosen);
  for (const answer of answers) known.set(nameOf(answer), answer);

  for (const suspect of suspects) {
    const answer = known.get(nameOf(suspect));
    if (answer === undefined || answer.found === 'unknown') {
      // Only a list that was read to its end repeats an absence: one that was heard in passing is no second time.
      if (lists?.[suspect.kind].isComplete === true) take.countAbsence(suspect);
    } else if (answer.found === 'absent') {
      take.confirmAbsence({ ...suspect, lostMembers: [] });
    } else if (suspect.lostMembers.length === 0) {
      // The list was wrong and the resource is there: take it as read.
      takeOne(take, judge, suspect.kind, answer.resource);
    } else confirmLostMembers(take, suspect, answer, judge);
  }
  return answers.length;
}

/**
 * A list that did not add up still shows who may be missing: they are asked for, though their absence does not count by
 * itself. Otherwise one unreadable record would keep everybody who leaves.
 */
function findSuspects(take: Take, lists: Lists | null): Suspect[] {
  if (lists === null) return take.suspects({ User: false, Group: false });
  const all = take.suspects({ User: true, Group: true });
  const missing = { User: 0, Group: 0 };
  for (const { kind, lostMembers } of all) if (lostMembers.length === 0) missing[kind] += 1;
  const mayAsk = (kind: ResourceKind): boolean =>
    lists[kind].isComplete || missing[kind] <= Math.min(lists[kind].came, MAX_MISSING_OF_PARTIAL);
  return all.filter(({ kind, lostMembers }) => lostMembers.length > 0 || mayAsk(kind));
}

/** The group alone was read: who is not in it there either has left; a broken one says nothing. */
function confirmLostMembers(take: Take, suspect: Suspect, answer: ReadAnswer, judge: ResourceJudge): void {
  const previous = take.previous('Group', suspect.id) as GroupRecord | null;
  const judged = judge.readGroup(answer.resource, previous);
  if (judged.kind !== 'good') return;
  const listed = new Set(judged.record.members);
  const lostMembers = suspect.lostMembers.filter((member) => !listed.has(member));
  if (lostMembers.length > 0) take.confirmAbsence({ ...suspect, lostMembers });
}

function nameOf({ kind, id }: { readonly kind: ResourceKind; readonly id: string }): string {
  return `${kind} ${id}`;
}

/** At random, so that nobody can hide behind others whom they make disappear. */
function shuffle<T>(items: T[]): T[] {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [items[last], items[other]] = [items[other] as T, items[last] as T];
  }
  return items;
}
