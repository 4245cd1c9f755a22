// What the store's answers about single resources make of an absence: established, disproved, worth counting, or nothing. Pure.
import type { Suspect } from '../../state/batch/ingest-model.ts';
import { type Finding, RESOURCE_KINDS, type ResourceKind } from '../../protocol/records.ts';
import { sayCount } from '../../common/text/count-noun.ts';

export type Lists = Readonly<Record<ResourceKind, { readonly came: number; readonly isComplete: boolean }>>;

/** What a read of that id alone came to; `members` null: not a group, or a broken one. */
export interface SingleRead {
  readonly found: 'present' | 'absent' | 'unknown';
  readonly members: ReadonlySet<string> | null;
}

/**
 * `gone`: the resource is absent. `there`: the list was wrong, and what was read counts. `left`: these members, and no
 * others, have lost it. `count`: it could not be told, and the list repeats it. `open`: nothing follows from it.
 */
export type Absence =
  | { readonly suspect: Suspect; readonly verdict: 'gone' | 'there' | 'count' | 'open' }
  | { readonly suspect: Suspect; readonly verdict: 'left'; readonly members: readonly string[] };

export interface JudgedAbsences {
  readonly absences: readonly Absence[];
  /** A list lacks resources that the store has. */
  readonly problems: readonly Finding[];
  /** A list lacks members that the store has, as that of many a store does with large groups. */
  readonly warnings: readonly Finding[];
}

/**
 * A list that single reads contradict is proven wrong: in that sync no absence counts that it alone speaks for, be it of
 * resources of that kind or of members of groups. What a read confirms acts all the same.
 * @param reads the answer about a suspect; undefined: it was not asked for.
 * @param lists of a full read; null: silence means nothing.
 */
export function judgeAbsences(
  suspects: readonly Suspect[],
  reads: (suspect: Suspect) => SingleRead | undefined,
  lists: Lists | null,
): JudgedAbsences {
  const wrong = { User: 0, Group: 0, member: 0 };
  for (const suspect of suspects) if (isContradicted(suspect, reads(suspect))) wrong[claimOf(suspect)] += 1;
  const mayCount = (suspect: Suspect): boolean =>
    lists?.[suspect.kind].isComplete === true && wrong[claimOf(suspect)] === 0;
  return {
    absences: suspects.map((suspect) => judgeOne(suspect, reads(suspect), mayCount(suspect))),
    problems: RESOURCE_KINDS.flatMap((kind) =>
      wrong[kind] === 0 ? [] : finding(`the list of ${kind}s lacks ${wrong[kind]} that the store has`),
    ),
    warnings:
      wrong.member === 0 ? [] : finding(`the list cuts the members of ${sayCount(wrong.member, 'group')}`),
  };
}

/** What a list claims: a resource is not there, or a member is not in a group. */
function claimOf({ kind, lostMembers }: Suspect): ResourceKind | 'member' {
  return lostMembers.length === 0 ? kind : 'member';
}

function isContradicted({ lostMembers }: Suspect, read: SingleRead | undefined): boolean {
  if (read?.found !== 'present') return false;
  return lostMembers.length === 0 || lostMembers.some((member) => read.members?.has(member) === true);
}

function judgeOne(suspect: Suspect, read: SingleRead | undefined, mayCount: boolean): Absence {
  if (read === undefined || read.found === 'unknown')
    // Only a list that was read to its end repeats an absence: one that was fetched in part is no second time.
    return { suspect, verdict: mayCount ? 'count' : 'open' };
  if (read.found === 'absent') return { suspect, verdict: 'gone' };
  if (suspect.lostMembers.length === 0) return { suspect, verdict: 'there' };
  // The group alone was read: who is not in it there either has left; a broken one says nothing.
  const { members } = read;
  const left = members === null ? [] : suspect.lostMembers.filter((member) => !members.has(member));
  return left.length === 0 ? { suspect, verdict: 'open' } : { suspect, verdict: 'left', members: left };
}

function finding(what: string): Finding[] {
  return [
    { code: 'list-contradicted', detail: `${what} when asked by id: no such absence counts in this sync` },
  ];
}
