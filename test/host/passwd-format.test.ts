import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { editLines, type LineEdit, readLines } from '../../src/host/passwd-format.ts';
import { propertyRuns } from '../property-runs.ts';

const FOREIGN = `root:x:0:0:root:/root:/bin/bash
# a comment: with colons
+@netgroup::::::
-bad
malformed
twice:x:1:1:::
twice:x:2:2:::
caf\xe9:x:3:3:\xff::`;

const set =
  (fields: readonly string[]): LineEdit =>
  () =>
    fields;
const edit = (text: string, entries: Record<string, LineEdit>) =>
  editLines(text, new Map(Object.entries(entries)));

describe('editing lines', () => {
  test('keeps every byte of what it does not edit, a missing newline included', () => {
    expect(edit(FOREIGN, {})).toBe(FOREIGN);
    expect(edit(FOREIGN, { nobody: () => null })).toBe(FOREIGN);
    expect(edit(`${FOREIGN}\n`, { nobody: () => null })).toBe(`${FOREIGN}\n`);
    expect(edit('', { nobody: () => null })).toBe('');
  });

  test('adds a line at the end, and first ends the last one', () => {
    expect(edit(FOREIGN, { alice: set(['alice', 'x']) })).toBe(`${FOREIGN}\nalice:x\n`);
    expect(edit(`${FOREIGN}\n`, { alice: set(['alice', 'x']) })).toBe(`${FOREIGN}\nalice:x\n`);
    expect(edit('', { alice: set(['alice', 'x']) })).toBe('alice:x\n');
  });

  test('replaces and removes a line where it stands', () => {
    expect(edit('a:1\nb:2\nc:3\n', { b: set(['b', '9']) })).toBe('a:1\nb:9\nc:3\n');
    expect(edit('a:1\nb:2\nc:3\n', { b: () => null })).toBe('a:1\nc:3\n');
  });

  test('edits only the first of two lines with one name, as getpwnam finds it', () => {
    expect(edit('b:1\nb:2\n', { b: set(['b', '9']) })).toBe('b:9\nb:2\n');
    expect(readLines('b:1\nb:2\n').get('b')).toEqual(['b', '1']);
  });

  test('never takes a comment or a NIS line for an account', () => {
    expect([...readLines(FOREIGN).keys()]).toEqual(['root', 'twice', 'caf\xe9']);
  });

  test.each([':', '\n', '\r', '\0'])('refuses to write a field with %j', (character) => {
    expect(() => edit('', { a: set(['a', `x${character}y`]) })).toThrow(RangeError);
  });

  const line = fc.oneof(
    fc
      .string({ unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) })
      .map((text) => text.replaceAll('\n', '')),
    fc.constantFrom('# comment', '+::::', 'x:y:z', ''),
  );
  const text = fc.array(line).map((lines) => lines.join('\n'));

  test('leaves foreign lines as they were, in their order, whatever the text and whatever is added and removed', () => {
    fc.assert(
      fc.property(text, fc.uniqueArray(fc.stringMatching(/^[a-z]{5}$/)), (before, names) => {
        const added = editLines(
          before,
          new Map(names.map((name) => [`${name}-ours`, set([`${name}-ours`, 'x'])])),
        );
        const removed = editLines(added, new Map(names.map((name) => [`${name}-ours`, () => null])));
        const ended = before === '' || before.endsWith('\n') || names.length === 0 ? before : `${before}\n`;
        expect(removed).toBe(ended);
        expect(added.startsWith(before)).toBe(true);
      }),
      { numRuns: propertyRuns(2000, 100_000) },
    );
  });
});
