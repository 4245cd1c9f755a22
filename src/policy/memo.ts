// A pure function that remembers its last answer: what a pass works out from things that did not change is not worked out again.

/**
 * The same function; asked again with the very same arguments (compared as `===` does), it gives the very same answer.
 * @param work pure: its answer depends on its arguments only, and nobody changes what it gave.
 */
export function memoizeLast<Args extends readonly unknown[], Answer>(
  work: (...args: Args) => Answer,
): (...args: Args) => Answer {
  let last: { readonly args: Args; readonly answer: Answer } | null = null;
  return (...args) => {
    if (last === null || !isSameList(last.args, args)) last = { args, answer: work(...args) };
    return last.answer;
  };
}

/** Whether two lists hold the very same things in the same order. */
export function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
