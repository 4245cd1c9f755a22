// How large V8 lets the heap of both processes grow: the one place for it, which wrappers and units repeat (a test compares).

/**
 * A small young generation, since it stays; and a full collection as soon as the heap is 40 % larger than what lived
 * through the last one, where V8 left alone waits for several times as much. Together they halve the peak of a pass over
 * 100,000 people, for an eighth more processor time. No limit: a large organisation must not end a process.
 */
export const HEAP_FLAGS: readonly string[] = ['--max-semi-space-size=2', '--heap-growing-percent=40'];
