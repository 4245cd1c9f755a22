// A page as lines of the pipe: short ones, so that neither process holds more than a little of it at once.
import type { ResourceKind } from './resources.ts';

/** Characters. What is larger outlives V8's young generation and the allocator's small blocks, in both processes. */
const LINE_LENGTH = 48 * 1024;

/** `page` messages (see protocol) with all resources in their order, each line as long as it should be or one resource. */
export function* writePage(n: number, kind: ResourceKind, resources: readonly unknown[]): Generator<string> {
  const line = (texts: readonly string[]): string =>
    `{"say":"page","n":${n},"kind":"${kind}","resources":[${texts.join()}]}`;
  let texts: string[] = [];
  let length = 0;
  for (const resource of resources) {
    const text = JSON.stringify(resource);
    if (texts.length > 0 && length + text.length > LINE_LENGTH) {
      yield line(texts);
      texts = [];
      length = 0;
    }
    texts.push(text);
    length += text.length;
  }
  if (texts.length > 0) yield line(texts);
}
