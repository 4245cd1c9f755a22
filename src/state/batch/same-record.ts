// Whether a resource says what its record says already.
import type { AnyRecord } from './batch-state.ts';

/** Field by field; a list of keys or members element by element. */
export function isSameRecord(a: AnyRecord, b: AnyRecord): boolean {
  if (a === b) return true;
  const [left, right] = [a, b] as unknown as Record<string, unknown>[];
  if (left === undefined || right === undefined) return false;
  for (const name in left) {
    const [one, other] = [left[name], right[name]];
    if (one === other) continue;
    if (!Array.isArray(one) || !Array.isArray(other) || !isSameList(one, other)) return false;
  }
  return Object.keys(left).length === Object.keys(right).length;
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
