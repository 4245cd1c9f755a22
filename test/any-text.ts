// Any text a stranger could send: every UTF-16 unit, lone surrogates and control characters included.
import fc from 'fast-check';

export const anyText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0xff })), { maxLength: 50 })
  .map((units) => String.fromCharCode(...units));
