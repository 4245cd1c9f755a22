// What of an account's settings differs from its rule, and whether that gives more than before; pure.
import type { SlurmAccountSettings } from '../changes/slurm.ts';
import type { SlurmAccountRow } from './slurm-rows.ts';

/** How sacctmgr says "no limit" when it is set. */
export const NO_LIMIT = '-1';

export interface SettingsDifference {
  /** What to set; null: nothing differs. */
  readonly settings: SlurmAccountSettings | null;
  readonly raises: boolean;
}

/** A limit that the rule does not name is not managed, so one that a rule no longer names stays. */
export function compareSettings(desired: SlurmAccountSettings, row: SlurmAccountRow): SettingsDifference {
  const parent = desired.parent === row.parent ? null : desired.parent;
  const qos = desired.qos === null || desired.qos.join() === row.qos.join() ? null : desired.qos;
  const defaultQos =
    desired.defaultQos === null || desired.defaultQos === row.defaultQos ? null : desired.defaultQos;
  const fairshare =
    desired.fairshare === null || desired.fairshare === row.fairshare ? null : desired.fairshare;
  const limits = Object.fromEntries(
    Object.entries(desired.limits).filter(
      ([limit, value]) => normalise(limit, row.limits[limit] ?? NO_LIMIT) !== normalise(limit, value),
    ),
  );
  const isSame =
    parent === null && qos === null && defaultQos === null && fairshare === null && isEmpty(limits);
  if (isSame) return { settings: null, raises: false };
  const raises =
    qos?.some((one) => !row.qos.includes(one)) === true ||
    (fairshare !== null && fairshare > (row.fairshare ?? 0)) ||
    Object.entries(limits).some(([limit, value]) =>
      isMore(normalise(limit, value), normalise(limit, row.limits[limit] ?? NO_LIMIT)),
    );
  return { settings: { parent, qos, defaultQos, fairshare, limits }, raises };
}

function isEmpty(limits: object): boolean {
  return Object.keys(limits).length === 0;
}

/** TRES in one order, so that `a=1,b=2` is `b=2,a=1`; a time in seconds, however it is spelled. */
function normalise(limit: string, value: string): string {
  if (value.includes('=')) return value.split(',').sort().join();
  return limit.includes('Wall') ? String(toSeconds(value) ?? value) : value;
}

/** Slurm's times: minutes, or `[days-]hours[:minutes[:seconds]]`, `minutes:seconds` (sbatch(1), --time). */
function toSeconds(text: string): number | null {
  const [, days, rest = ''] = /^(?:(\d+)-)?(\d+(?::\d+){0,2})$/.exec(text) ?? [];
  if (rest === '') return null;
  const parts = rest.split(':').map(Number);
  const [a = 0, b = 0, c = 0] = parts;
  if (days !== undefined) return Number(days) * 86_400 + a * 3600 + b * 60 + c;
  if (parts.length === 1) return a * 60;
  return parts.length === 2 ? a * 60 + b : a * 3600 + b * 60 + c;
}

/** What cannot be compared as numbers counts as more: then the guard sees it. */
function isMore(after: string, before: string): boolean {
  if (before === NO_LIMIT) return false;
  if (after === NO_LIMIT) return true;
  const [now, then] = [readParts(after), readParts(before)];
  for (const [key, value] of then) {
    const next = now.get(key);
    if (next === undefined || Number.isNaN(next) || Number.isNaN(value) || next > value) return true;
  }
  return false;
}

function readParts(value: string): Map<string, number> {
  return new Map(
    value.split(',').map((part) => {
      const at = part.lastIndexOf('=');
      return [part.slice(0, Math.max(at, 0)), Number(part.slice(at + 1))];
    }),
  );
}
