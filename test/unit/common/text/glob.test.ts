import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileGlob } from '../../../../src/common/text/glob.ts';
import { makeAnyText } from '../../../support/records/any-text.ts';
import { propertyRuns } from '../../../support/property-runs.ts';

describe('a glob', () => {
  test.each([
    ['sk-*', 'sk-ssh-ed25519@openssh.com', true],
    ['sk-*', 'xsk-', false],
    ['*', '', true],
    ['team-?', 'team-a', true],
    ['team-?', 'team-', false],
    ['a.c', 'abc', false],
    ['Team', 'team', false],
    ['*-users', 'a\nb-users', true],
    ['?', '\u{1f600}', true],
    ['', 'a', false],
  ])('%j matches %j: %s', (pattern, text, expected) => {
    expect(compileGlob(pattern).test(text)).toBe(expected);
  });

  test('without * and ? matches itself alone, whatever characters it has', () => {
    fc.assert(
      fc.property(makeAnyText(12), makeAnyText(12), (pattern, text) => {
        const literal = pattern.replaceAll(/[*?]/g, '');
        expect(compileGlob(literal).test(literal)).toBe(true);
        expect(compileGlob(literal).test(text)).toBe(text === literal);
        expect(compileGlob(`${literal}*`).test(literal + text)).toBe(true);
      }),
      { numRuns: propertyRuns(500, 50_000) },
    );
  });
});
