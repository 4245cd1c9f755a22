// What is done beyond the account itself when a person leaves (jobs set aside, the hook), and undone when they return.
import type { DesiredState } from '../policy/model.ts';
import type { ActualState } from './actual.ts';
import type { Change } from './change.ts';

interface Leaver {
  readonly scimId: string;
  readonly name: string;
  readonly uid: number;
  readonly because: string;
}

/** Steps that are still to be done for a person who left; what was done is read off the host, so a kill loses none. */
export function planLeaving(leaver: Leaver, desired: DesiredState, actual: ActualState): Change[] {
  const { offboarded, jobs } = actual;
  const done = offboarded.get(leaver.uid);
  const needsHook = desired.hasHook && done?.needsHook !== false;
  const changes: Change[] = [];
  if (done === undefined || jobs.has(leaver.uid)) {
    changes.push({ ...leaver, kind: 'jobs-disable', needsHook });
  }
  if (needsHook) changes.push({ ...leaver, kind: 'hook-run' });
  return changes;
}

/** Gives jobs back to a person who was off-boarded and may log in again. */
export function planReturning(returner: Omit<Leaver, 'because'> & { readonly home: string }): Change {
  return { ...returner, kind: 'jobs-restore', because: 'may log in again' };
}
