// A page as short lines of the pipe, so that neither process holds more than a little of it at once.
import type { ResourceKind } from './records.ts';

/** A line of a page; the receiver parses the resources. */
export interface PageLine {
  /** The number of the request that it answers. */
  readonly n: number;
  readonly kind: ResourceKind;
  /** The JSON array of the resources, as UTF-8. */
  readonly resources: Buffer;
}

/** Characters, about. A larger line outlives V8's young generation and the allocator's small blocks, in both processes. */
const LINE_LENGTH = 48 * 1024;

/** Number of resources in the first line, while their size is unknown. */
const FIRST = 16;

const HEAD = /^page (\d{1,15}) (User|Group) $/;

/** Longer than every head. */
const HEAD_LENGTH = 40;

const OPENING_BRACKET = 0x5b;

/** Lines `page N KIND [...]` with all resources in their order; the size of each line sets the number in the next. */
export function* writePage(n: number, kind: ResourceKind, resources: readonly unknown[]): Generator<string> {
  let count = FIRST;
  for (let start = 0, next = 0; start < resources.length; start = next) {
    next = start + count;
    const texts = JSON.stringify(resources.slice(start, next));
    yield `page ${n} ${kind} ${texts}`;
    count = Math.max(1, Math.floor((LINE_LENGTH * count) / texts.length));
  }
}

/** null: the line is not part of a page, but a message (see messages.ts). */
export function readPageLine(line: Buffer): PageLine | null {
  const start = line.subarray(0, HEAD_LENGTH).indexOf(OPENING_BRACKET);
  const [, n, kind] = start < 0 ? [] : (HEAD.exec(line.toString('latin1', 0, start)) ?? []);
  if (n === undefined) return null;
  return { n: Number(n), kind: kind as ResourceKind, resources: line.subarray(start) };
}
