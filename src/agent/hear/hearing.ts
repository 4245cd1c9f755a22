// How well the store was heard, for what may be concluded from its silence.
import type { AgentError } from '../../errors.ts';
import type { Mirror } from '../../mirror/mirror.ts';
import type { Heard } from './hear.ts';
import { findLastComplete } from '../report/report.ts';

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
