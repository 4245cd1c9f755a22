// A page as lines of the pipe: short ones, so that neither process holds more than a little of it at once.
import type { ResourceKind } from './records.ts';

/** What a line of a page says; whoever takes it parses its resources. */
export interface PageLine {
  /** Of the question that it answers. */
  readonly n: number;
  readonly kind: ResourceKind;
  /** The JSON array of the resources, as UTF-8. */
  readonly resources: Buffer;
}

/** Characters, about. What is larger outlives V8's young generation and the allocator's small blocks, in both processes. */
const LINE_LENGTH = 48 * 1024;

/** How many resources the first line has, before it is known how large they are. */
const FIRST = 16;

const HEAD = /^page (\d{1,15}) (User|Group) $/;

/** Longer than every head. */
const HEAD_LENGTH = 40;

const OPENING_BRACKET = 0x5b;

/** Lines `page N KIND [...]` with all resources in their order; as many in a line as the one before leads to expect. */
export function* writePage(n: number, kind: ResourceKind, resources: readonly unknown[]): Generator<string> {
  let count = FIRST;
  for (let start = 0, next = 0; start < resources.length; start = next) {
    next = start + count;
    const texts = JSON.stringify(resources.slice(start, next));
    yield `page ${n} ${kind} ${texts}`;
    count = Math.max(1, Math.floor((LINE_LENGTH * count) / texts.length));
  }
}

/** null: it is none, but JSON (see protocol). */
export function readPageLine(line: Buffer): PageLine | null {
  const start = line.subarray(0, HEAD_LENGTH).indexOf(OPENING_BRACKET);
  const [, n, kind] = start < 0 ? [] : (HEAD.exec(line.toString('latin1', 0, start)) ?? []);
  if (n === undefined) return null;
  return { n: Number(n), kind: kind as ResourceKind, resources: line.subarray(start) };
}
