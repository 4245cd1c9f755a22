// How well the store was heard, for what may be concluded from its silence.
import type { AgentError } from '../../common/errors.ts';
import type { Mirror } from '../../state/state.ts';
import type { Heard } from './fetch-store.ts';

/** What is looked at of the report of an earlier pass. */
export interface FetchingPass {
  /** Epoch seconds. */
  readonly startedAt: number;
  readonly heard: Heard | null;
}

export interface Hearing {
  /** When it was last read completely, epoch seconds; null: never. */
  readonly heardAt: number | null;
  /** Whether it was so just now, and once before: then what it does not have is not there. */
  readonly isWhole: boolean;
}

/** @param heard of the pass under way; null: nobody was asked. */
export function judgeHearing(
  heard: Heard | AgentError | null,
  mirror: Pick<Mirror, 'lastPass'>,
  now: number,
): Hearing {
  const before = findLastComplete(mirror);
  const isComplete = heard !== null && 'complete' in heard && heard.complete.User && heard.complete.Group;
  return { heardAt: isComplete ? now : before, isWhole: isComplete && before !== null };
}

/** When the store was last read completely, epoch seconds; null: never. */
export function findLastComplete(mirror: Pick<Mirror, 'lastPass'>): number | null {
  return mirror.lastPass('complete', isComplete)?.startedAt ?? null;
}

/** Whether the store was read from end to end in that pass. */
function isComplete(report: FetchingPass): boolean {
  // A report of another build may lack what this one writes.
  return report.heard?.complete.User === true && report.heard.complete.Group;
}
