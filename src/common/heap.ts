// V8's heap flags for both processes: the one source, which wrappers and units repeat (a test compares them).

/**
 * A young generation large enough that a page of the store does not leave it, and no larger, since V8 keeps its memory;
 * and a full collection as soon as the heap is 60 % larger than after the last one, where V8's own choice may be several
 * times as much. Less than that costs more processor time than it saves memory (`npm run bench -- sync`).
 * `status` and `list` run without them (packaging/wrapper).
 * No upper limit: a large organisation must not end a process.
 */
export const HEAP_FLAGS: readonly string[] = ['--max-semi-space-size=8', '--heap-growing-percent=60'];
