// How complete and how fresh the fetched records are: whether an absence means anything.
import type { AgentError } from '../../common/errors.ts';
import type { StateDatabase } from '../../state/state.ts';
import type { FetchResult } from './fetch-store.ts';

/** What is looked at of the report of an earlier sync. */
export interface FetchedSync {
  /** Epoch seconds. */
  readonly startedAt: number;
  readonly fetched: FetchResult | null;
}

export interface Freshness {
  /** When it was last read completely, epoch seconds; null: never. */
  readonly completeAt: number | null;
  /** Whether it was so just now, and once before: then what it does not have is not there. */
  readonly isComplete: boolean;
}

/** @param fetched of the sync under way; null: the store was not asked. */
export function judgeFreshness(
  fetched: FetchResult | AgentError | null,
  state: Pick<StateDatabase, 'lastSync'>,
  now: number,
): Freshness {
  const before = findLastComplete(state);
  const isComplete =
    fetched !== null && 'complete' in fetched && fetched.complete.User && fetched.complete.Group;
  return { completeAt: isComplete ? now : before, isComplete: isComplete && before !== null };
}

/** When the store was last read completely, epoch seconds; null: never. */
export function findLastComplete(state: Pick<StateDatabase, 'lastSync'>): number | null {
  return state.lastSync('complete', isComplete)?.startedAt ?? null;
}

/** Whether the store was read from end to end in that sync. */
function isComplete(report: FetchedSync): boolean {
  // A report of another build may lack what this one writes.
  return report.fetched?.complete.User === true && report.fetched.complete.Group;
}
