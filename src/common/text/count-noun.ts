// A number and its noun in the right form.

/** `1 group`, `2 groups`, `0 groups`; `many` where the plural is not the noun with an s. */
export function sayCount(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
