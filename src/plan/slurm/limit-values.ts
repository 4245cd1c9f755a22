// Values of limits as Slurm spells them: numbers, times, and lists of TRES; which is more, and which of two holds; pure.

/** How sacctmgr says "no limit" when it is set. */
export const NO_LIMIT = '-1';

/** Of memory, in MB, which is also what a number without a unit has. */
const UNITS: Readonly<Record<string, number>> = { K: 1 / 1024, M: 1, G: 1024, T: 1024 ** 2, P: 1024 ** 3 };

/**
 * TRES in one order, so that `a=1,b=2` is `b=2,a=1`, without those that have no limit, memory in MB; a time in seconds. Only
 * such values are compared.
 */
export function normalise(limit: string, value: string): string {
  if (value.includes('='))
    return (
      value
        .split(',')
        .filter((part) => !part.endsWith(`=${NO_LIMIT}`))
        .map(normaliseMemory)
        .sort()
        .join() || NO_LIMIT
    );
  return limit.includes('Wall') ? String(toSeconds(value) ?? value) : value;
}

function normaliseMemory(part: string): string {
  const [, number, unit = 'M'] = /^mem=(\d+)([KMGTP])?$/.exec(part) ?? [];
  return number === undefined ? part : `mem=${Number(number) * (UNITS[unit] ?? 1)}`;
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

/** What cannot be compared as numbers counts as more, unless it is the same: then the guard sees it. */
export function isMore(after: string, before: string): boolean {
  if (before === NO_LIMIT) return false;
  if (after === NO_LIMIT) return true;
  const [now, then] = [readParts(after), readParts(before)];
  for (const [key, value] of then) {
    const next = now.get(key);
    if (next === undefined || (next !== value && !(Number(next) <= Number(value)))) return true;
  }
  return false;
}

/** What holds where both do: the lower one, of each TRES. */
export function tightest(one: string, other: string): string {
  if (one === NO_LIMIT) return other;
  if (other === NO_LIMIT) return one;
  const parts = readParts(one);
  for (const [key, value] of readParts(other)) {
    const known = parts.get(key);
    if (known === undefined || Number(value) < Number(known)) parts.set(key, value);
  }
  return [...parts]
    .map(([key, value]) => (key === '' ? value : `${key}=${value}`))
    .sort()
    .join();
}

/** By TRES; a value that is none is under an empty name. */
export function readParts(value: string): Map<string, string> {
  return new Map(
    value.split(',').map((part) => {
      const at = part.lastIndexOf('=');
      return [part.slice(0, Math.max(at, 0)), part.slice(at + 1)];
    }),
  );
}
