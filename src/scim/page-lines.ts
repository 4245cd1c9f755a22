// A page as lines of the pipe: short ones, so that neither process holds more than a little of it at once.
import type { ResourceKind } from './resources.ts';

/** Characters, about. What is larger outlives V8's young generation and the allocator's small blocks, in both processes. */
const LINE_LENGTH = 48 * 1024;

/** How many resources the first line has, before it is known how large they are. */
const FIRST = 16;

/** `page` messages (see protocol) with all resources in their order; as many in a line as the one before leads to expect. */
export function* writePage(n: number, kind: ResourceKind, resources: readonly unknown[]): Generator<string> {
  let count = FIRST;
  for (let start = 0, next = 0; start < resources.length; start = next) {
    next = start + count;
    const texts = JSON.stringify(resources.slice(start, next));
    yield `{"say":"page","n":${n},"kind":"${kind}","resources":${texts}}`;
    count = Math.max(1, Math.floor((LINE_LENGTH * count) / texts.length));
  }
}
