import fc from 'fast-check';
import { expect, test } from 'vitest';
import { writePage } from '../../src/scim/page-lines.ts';
import { saySchema } from '../../src/scim/protocol.ts';

const LINE_LENGTH = 48 * 1024;

const read = (lines: readonly string[]) =>
  lines
    .map((line) => saySchema.parse(JSON.parse(line)))
    .flatMap((say) => (say.say === 'page' ? say.resources : []));

test('a page goes through the pipe as lines that are answers, with all of its resources in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 30 }), (values) => {
      const resources = JSON.parse(JSON.stringify(values)) as unknown[];
      const lines = [...writePage(7, 'User', resources)];
      expect(lines.join('')).not.toContain('\n');
      expect(read(lines)).toEqual(resources);
    }),
  );
});

test('a large page becomes short lines, whatever the size of its resources', () => {
  for (const size of [100, 900, 20_000]) {
    const resources = Array.from({ length: 1000 }, (_, id) => ({ id: String(id), text: 'x'.repeat(size) }));
    const lines = [...writePage(1, 'User', resources)];
    expect(read(lines)).toEqual(resources);
    // The first line cannot know.
    expect(Math.max(...lines.slice(1).map((line) => line.length))).toBeLessThan(1.1 * LINE_LENGTH);
    expect(lines.length).toBeLessThan(10 + (1.5 * 1000 * size) / LINE_LENGTH);
  }
});

test('a resource that is larger than a line has one of its own soon after', () => {
  const resources = Array.from({ length: 40 }, (_, id) => ({ id: String(id), text: 'x'.repeat(200_000) }));
  const counts = [...writePage(1, 'Group', resources)].map((line) => read([line]).length);
  expect(counts.slice(1).every((count) => count === 1)).toBe(true);
});
