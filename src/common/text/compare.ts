// The order of texts and numbers, for `sort`.

/** Texts by code units, which is the same on every node, unlike localeCompare; numbers by value, infinities included. */
export function compare<T extends string | number>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
