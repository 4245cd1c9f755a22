// Any text a stranger could send: every code point, lone surrogates and control characters included.
import fc from 'fast-check';

const codePoint = fc.oneof(
  fc.integer({ min: 0, max: 0xff }),
  fc.integer({ min: 0, max: 0xffff }),
  fc.integer({ min: 0x10000, max: 0x10ffff }),
);

/**
 * Of `maxLength` code points at most. In place of `fc.string({ unit: 'binary' })`, which spends seconds on its tables
 * before the first text.
 */
export const makeAnyText = (maxLength: number): fc.Arbitrary<string> =>
  fc.array(codePoint, { maxLength }).map((points) => String.fromCodePoint(...points));

export const anyText = makeAnyText(50);
