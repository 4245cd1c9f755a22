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

test('a large page becomes short lines, and one that is longer holds a single resource', () => {
  const sizes = [...Array.from({ length: 1000 }, () => 900), 200_000, 10, 10];
  const resources = sizes.map((size, id) => ({ id: String(id), text: 'x'.repeat(size) }));
  const lines = [...writePage(1, 'Group', resources)];
  expect(read(lines)).toEqual(resources);
  const long = lines.filter((line) => line.length > LINE_LENGTH + 1000);
  expect(long.map((line) => read([line]).length)).toEqual([1]);
  expect(lines.length).toBeLessThan(30);
});
