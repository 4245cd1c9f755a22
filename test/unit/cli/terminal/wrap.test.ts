import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wrapText } from '../../../../src/cli/terminal/wrap.ts';

test('a line that is too long continues below its own text', () => {
  expect(
    wrapText('  keys       confirmed until 2026-12-02 18:27 at the earliest, 2026-12-03 at the latest', 60),
  ).toBe(
    '  keys       confirmed until 2026-12-02 18:27 at the\n             earliest, 2026-12-03 at the latest',
  );
  expect(wrapText('  + account alice: uid 10000, gid 9999, /home/alice  (is in an access group)', 50)).toBe(
    '  + account alice: uid 10000, gid 9999,\n      /home/alice  (is in an access group)',
  );
});

test('only breaks are added, no broken line is too long, and short lines are unchanged', () => {
  const word = fc.stringMatching(/^[!-~]{1,20}$/);
  const line = fc.tuple(fc.nat(6), fc.array(word, { maxLength: 30 }));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), fc.integer({ min: 40, max: 120 }), (lines, columns) => {
      const text = lines.map(([indent, words]) => ' '.repeat(indent) + words.join(' ')).join('\n');
      const wrapped = wrapText(text, columns);
      expect(wrapped.split(/\s+/)).toEqual(text.split(/\s+/));
      for (const part of wrapped.split('\n')) expect(part.length).toBeLessThanOrEqual(columns);
    }),
  );
});

test('colours take no width, and a terminal of unknown or tiny width breaks nothing', () => {
  const coloured = `\u001b[32m${'a'.repeat(30)}\u001b[0m ${'b'.repeat(9)}`;
  expect(wrapText(coloured, 40)).toBe(coloured);
  const long = 'word '.repeat(40);
  expect(wrapText(long, undefined)).toBe(long);
  expect(wrapText(long, 20)).toBe(long);
});
