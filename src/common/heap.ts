// How large V8 lets the heap of both processes grow: the one place for it, which wrappers and units repeat (a test compares).

/**
 * A young generation that a page of the store passes through without growing old, and no larger, since it stays; and a
 * full collection as soon as the heap is 60 % larger than what lived through the last one, where V8 left alone may wait
 * for several times as much. Less than that costs more processor time than it saves memory (`npm run bench -- sync`).
 * `status` goes without (packaging/wrapper).
 * No limit: a large organisation must not end a process.
 */
export const HEAP_FLAGS: readonly string[] = ['--max-semi-space-size=8', '--heap-growing-percent=60'];
