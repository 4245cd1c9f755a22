// Compares a full read with what deltas would have brought, which finds a store whose meta.lastModified stands still.
import { parseTimestamp } from '../../common/text/timestamp.ts';
import { OVERLAP_MS } from '../../protocol/clock-skew.ts';
import { type Finding, RESOURCE_KINDS, type ResourceKind } from '../../protocol/records.ts';
import { sayCount } from '../../common/text/count-noun.ts';
import { readMeta } from './resource-fields.ts';

export interface DeltaCheck {
  /** @param isChanged whether its record is new, or says something else than before. */
  see(kind: ResourceKind, id: string, raw: unknown, isChanged: boolean): void;
  /** Members have left this group, as a read of it alone has confirmed. */
  seeLeft(group: string): void;
  /** How many resources changed of which the next delta would have shown nothing. */
  missed(): number;
}

/**
 * @param readUntil the time from which the next delta would have asked, epoch milliseconds; null: there would have been
 *   none, so that nothing can be missed.
 */
export function createDeltaCheck(readUntil: number | null): DeltaCheck {
  const missed = new Set<string>();
  /** Changed, and without a time; no delta is used where no resource has one. */
  const untimed: Record<ResourceKind, number> = { User: 0, Group: 0 };
  const hasTimes: Record<ResourceKind, boolean> = { User: false, Group: false };
  /** Groups that no delta would have shown. */
  const outside = new Set<string>();
  const start = readUntil === null ? null : readUntil - OVERLAP_MS;

  return {
    see(kind, id, raw, isChanged) {
      // Whether a group's members have left is known only at the end.
      if (start === null || !(isChanged || kind === 'Group' || !hasTimes[kind])) return;
      const time = parseTimestamp(String(readMeta(raw as Record<string, unknown>, 'lastModified')));
      if (time !== null) hasTimes[kind] = true;
      else if (isChanged) untimed[kind] += 1;
      if (time === null || time >= start) return;
      if (isChanged) missed.add(`${kind} ${id}`);
      else if (kind === 'Group') outside.add(id);
    },
    seeLeft(group) {
      if (outside.has(group)) missed.add(`Group ${group}`);
    },
    missed: () =>
      RESOURCE_KINDS.reduce((sum, kind) => sum + (hasTimes[kind] ? untimed[kind] : 0), missed.size),
  };
}

/** What `status` says while no delta is used. @param until epoch seconds. */
export function describeDistrust(missed: number, until: number): Finding {
  const what = missed === 0 ? 'changes' : sayCount(missed, 'change');
  const when = new Date(until * 1000).toISOString();
  return {
    code: 'deltas-missed',
    detail: `${what} at the store came without a new meta.lastModified: until ${when} every poll reads everything`,
  };
}
