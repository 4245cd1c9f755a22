// Counts faults of single resources that no record reports.
import { sayCount } from '../../common/text/count-noun.ts';
import type { Finding, Judged } from '../../protocol/records.ts';
import { ACTIVE_MISSING } from './judge-resource.ts';

export interface OddTally {
  see(judged: Judged<unknown>): void;
  /** One finding of a sort, or none. */
  findings(): Finding[];
}

/** An empty tally for one sync. */
export function createOddTally(): OddTally {
  let kept = 0;
  let unreadable = 0;
  let first = '';
  return {
    see(judged) {
      if (judged.kind === 'unreadable') {
        unreadable += 1;
        if (unreadable === 1) first = judged.findings[0]?.detail ?? '';
      } else if (judged.kind === 'good' && judged.warnings.some(({ code }) => code === ACTIVE_MISSING))
        kept += 1;
    },
    findings: () => [...describeUnreadable(unreadable, first), ...describeKept(kept)],
  };
}

function describeUnreadable(count: number, first: string): Finding[] {
  if (count === 0) return [];
  const detail = `${sayCount(count, 'resource')} of the store changed no account: ${first}`;
  return [{ code: 'id-malformed', detail }];
}

function describeKept(count: number): Finding[] {
  if (count === 0) return [];
  const inactive = sayCount(count, 'inactive user');
  const detail = `the store sends no active for ${inactive}: still inactive here, until it sends active: true`;
  return [{ code: ACTIVE_MISSING, detail }];
}
