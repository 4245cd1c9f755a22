import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeField,
  editLines,
  encodeField,
  type LineEdit,
  readLines,
  splitMembers,
  toId,
} from '../../../../src/host/accounts/passwd-format.ts';
import { propertyRuns } from '../../../support/property-runs.ts';

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
    expect(edit(FOREIGN, { absent: () => null })).toBe(FOREIGN);
    expect(edit(`${FOREIGN}\n`, { absent: () => null })).toBe(`${FOREIGN}\n`);
    expect(edit('', { absent: () => null })).toBe('');
  });

  test('passes an edit the fields of its line, or null where none exists, and joins the result', () => {
    const seen: unknown[] = [];
    const record: LineEdit = (fields) => {
      seen.push(fields);
      return fields;
    };
    expect(edit('a:x:1\n', { a: record, b: record })).toBe('a:x:1\n');
    expect(seen).toEqual([['a', 'x', '1'], null]);
  });

  test('removes the only line and leaves an empty text, with or without its newline', () => {
    expect(edit('a:x\n', { a: () => null })).toBe('');
    expect(edit('a:x', { a: () => null })).toBe('');
  });

  test('adds a line to a text that is one empty line', () => {
    expect(edit('\n', { a: set(['a', 'x']) })).toBe('\na:x\n');
  });

  test('adds a line at the end, and first ends the last one', () => {
    expect(edit(FOREIGN, { alice: set(['alice', 'x']) })).toBe(`${FOREIGN}\nalice:x\n`);
    expect(edit(`${FOREIGN}\n`, { alice: set(['alice', 'x']) })).toBe(`${FOREIGN}\nalice:x\n`);
    expect(edit('', { alice: set(['alice', 'x']) })).toBe('alice:x\n');
  });

  test('replaces and removes a line in its place', () => {
    expect(edit('a:1\nb:2\nc:3\n', { b: set(['b', '9']) })).toBe('a:1\nb:9\nc:3\n');
    expect(edit('a:1\nb:2\nc:3\n', { b: () => null })).toBe('a:1\nc:3\n');
  });

  test('edits only the first of two lines with one name, as getpwnam finds it', () => {
    expect(edit('b:1\nb:2\n', { b: set(['b', '9']) })).toBe('b:9\nb:2\n');
    expect(readLines('b:1\nb:2\n').get('b')).toEqual(['b', '1']);
  });

  test('never reads a comment or a NIS line as an account', () => {
    expect([...readLines(FOREIGN).keys()]).toEqual(['root', 'twice', 'caf\xe9']);
    expect([...readLines(':x:0\nends-:x\n-@netgroup:x\n').keys()]).toEqual(['ends-']);
    expect(edit(':x:0\n-bad:x\n', { '': set(['', 'y']), '-bad': set(['-bad', 'y']) })).toBe(
      ':x:0\n-bad:x\n:y\n-bad:y\n',
    );
  });

  test.each([':', '\n', '\r', '\0'])('refuses to write a field with %j', (character) => {
    const write = () => edit('', { a: set(['a', `x${character}y`]) });
    expect(write).toThrow(RangeError);
    expect(write).toThrow(`a field with a colon, a line end or NUL: ${JSON.stringify(`x${character}y`)}`);
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
          new Map(names.map((name) => [`${name}-managed`, set([`${name}-managed`, 'x'])])),
        );
        const removed = editLines(added, new Map(names.map((name) => [`${name}-managed`, () => null])));
        const ended = before === '' || before.endsWith('\n') || names.length === 0 ? before : `${before}\n`;
        expect(removed).toBe(ended);
        expect(added.startsWith(before)).toBe(true);
      }),
      { numRuns: propertyRuns(2000, 100_000) },
    );
  });
});

describe('a field', () => {
  test('is written as UTF-8, and read back the same', () => {
    expect(encodeField('Zoë')).toBe('Zo\xc3\xab');
    expect(decodeField('Zo\xc3\xab')).toBe('Zoë');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(decodeField(encodeField(text))).toBe(text);
      }),
    );
  });

  test('that is not UTF-8 stays as latin1', () => {
    expect(decodeField('caf\xe9')).toBe('café');
  });

  test('with members gives each name, and none where it is empty or missing', () => {
    expect(splitMembers('alice,bob')).toEqual(['alice', 'bob']);
    expect(splitMembers(',alice,,bob,')).toEqual(['alice', 'bob']);
    expect(splitMembers('')).toEqual([]);
    expect(splitMembers(undefined)).toEqual([]);
  });

  test.each([
    ['0', 0],
    ['20100', 20_100],
    ['4294967295', 4_294_967_295],
    ['12345678901', null],
    ['', null],
    ['-1', null],
    ['x1', null],
    ['1x', null],
    [' 1', null],
    [undefined, null],
  ])('%j is the id %j', (field, id) => {
    expect(toId(field)).toBe(id);
  });
});
