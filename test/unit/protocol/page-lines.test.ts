import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readPageLine, writePage } from '../../../src/protocol/page-lines.ts';
import { anyText } from '../../support/records/any-text.ts';

const LINE_LENGTH = 48 * 1024;

const read = (lines: readonly string[]) =>
  lines.flatMap(
    (line) => JSON.parse(readPageLine(Buffer.from(line))?.resources.toString() ?? '') as unknown[],
  );

test('a page goes through the pipe as lines of its own, with all of its resources in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 30 }), (values) => {
      const resources = JSON.parse(JSON.stringify(values)) as unknown[];
      const lines = [...writePage(7, 'User', resources)];
      expect(lines.join('')).not.toContain('\n');
      expect(read(lines)).toEqual(resources);
      for (const line of lines) expect(readPageLine(Buffer.from(line))).toMatchObject({ n: 7, kind: 'User' });
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

test('no other line is read as a page, and none is too strange', () => {
  const start = fc.constantFrom(
    '',
    'page',
    'page 1 User',
    'page 1 User ',
    'page 01 Group {"a":',
    'page -1 User ',
    '{"say":"page"',
  );
  fc.assert(
    fc.property(start, anyText, (before, text) => {
      const line = Buffer.from(`${before}${text}`);
      const page = readPageLine(line);
      expect(page !== null).toBe(/^page \d{1,15} (?:User|Group) \[/.test(line.toString('latin1')));
    }),
  );
});
