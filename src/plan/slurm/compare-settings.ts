// What of an account's settings differs from its rule, and whether that gives more than before; pure.
import type { SlurmAccountSettings } from '../changes/slurm.ts';
import { isMore, NO_LIMIT, normalise, readParts } from './limit-values.ts';
import type { SlurmAccountRow } from './slurm-rows.ts';

export interface SettingsDifference {
  /** What to set; null: nothing differs. */
  readonly settings: SlurmAccountSettings | null;
  readonly raises: boolean;
}

/**
 * A limit that the rule does not name is not managed, so one that a rule no longer names stays.
 * @param inForce the row with what it has of its parents: whether something is more is measured against that.
 */
export function compareSettings(
  desired: SlurmAccountSettings,
  row: SlurmAccountRow,
  inForce: Pick<SlurmAccountRow, 'qos' | 'limits'> = row,
): SettingsDifference {
  const parent = desired.parent === row.parent ? null : desired.parent;
  const qos = desired.qos === null || desired.qos.join() === row.qos.join() ? null : desired.qos;
  const defaultQos =
    desired.defaultQos === null || desired.defaultQos === row.defaultQos ? null : desired.defaultQos;
  const fairshare =
    desired.fairshare === null || desired.fairshare === row.fairshare ? null : desired.fairshare;
  const limits = Object.fromEntries(
    Object.entries(desired.limits).flatMap(([limit, value]) => {
      const now = row.limits[limit] ?? NO_LIMIT;
      return normalise(limit, now) === normalise(limit, value) ? [] : [[limit, withoutOthers(value, now)]];
    }),
  );
  const isSame =
    parent === null && qos === null && defaultQos === null && fairshare === null && isEmpty(limits);
  if (isSame) return { settings: null, raises: false };
  const raises =
    qos?.some((one) => !inForce.qos.includes(one)) === true ||
    (fairshare !== null && fairshare > (row.fairshare ?? 0)) ||
    Object.entries(limits).some(([limit, value]) =>
      isMore(normalise(limit, value), normalise(limit, inForce.limits[limit] ?? NO_LIMIT)),
    );
  return { settings: { parent, qos, defaultQos, fairshare, limits }, raises };
}

function isEmpty(limits: object): boolean {
  return Object.keys(limits).length === 0;
}

/** sacctmgr changes only the TRES that a list names: to remove one, the list names it without a limit. */
function withoutOthers(value: string, now: string): string {
  if (!now.includes('=')) return value;
  const named = value === NO_LIMIT ? new Map<string, number>() : readParts(value);
  const others = [...readParts(now).keys()].filter((key) => !named.has(key));
  const cleared = others.map((key) => `${key}=${NO_LIMIT}`);
  return [...(named.size === 0 ? [] : [value]), ...cleared].join();
}
