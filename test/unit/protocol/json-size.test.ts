import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { findExcess } from '../../../src/protocol/json-size.ts';

/** Nesting, and brackets, commas and colons outside of strings: told from the parsed value. */
function measure(value: unknown): { depth: number; values: number } {
  if (typeof value !== 'object' || value === null) return { depth: 0, values: 0 };
  const children = Object.values(value).map(measure);
  const separators = Math.max(0, children.length - 1) + (Array.isArray(value) ? 0 : children.length);
  return {
    depth: 1 + Math.max(0, ...children.map(({ depth }) => depth)),
    values: 1 + separators + children.reduce((sum, { values }) => sum + values, 0),
  };
}

test('agrees with the parsed value, whatever strings it has', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 2), (value, indent) => {
      const text = Buffer.from(JSON.stringify(value, null, indent));
      const { depth, values } = measure(value);
      expect(findExcess(text, { depth, values })).toBeNull();
      if (depth > 0) expect(findExcess(text, { depth: depth - 1, values })).toBe('depth');
      if (values > 0) expect(findExcess(text, { depth, values: values - 1 })).toBe('values');
    }),
  );
});

test.each(['"', '"\\', '{"a":"[[[[', ']]]]', ''])('ends with any text: %j', (text) => {
  expect(findExcess(Buffer.from(text), { depth: 4, values: 4 })).toBeNull();
});
