import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Manifest, parseManifest, renderManifest } from '../../../src/publish/manifest.ts';

const hex = (length: number) =>
  fc
    .array(fc.constantFrom(...'0123456789abcdef'.split('')), { minLength: length, maxLength: length })
    .map((digits) => digits.join(''));
const epoch = fc.nat(2_000_000_000);
const manifest: fc.Arbitrary<Manifest> = fc.record({
  publisher: hex(32),
  succeeds: fc.option(hex(32)),
  serial: epoch,
  signedAt: epoch,
  notAfter: epoch,
  snapshot: hex(16),
  shards: fc.constantFrom(1, 2, 64, 4096),
  files: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('passwd.cache', 'shadow.cache.ixname', 'ledger', 'keys/0', 'keys/63'),
      hash: hex(64),
      size: fc.nat(1_000_000),
    }),
    { selector: ({ name }) => name },
  ),
});

describe('a manifest', () => {
  test('is read as it was written', () =>
    fc.assert(
      fc.property(manifest, (one) => {
        expect(parseManifest(renderManifest(one))).toEqual(one);
      }),
    ));

  test('that was cut anywhere is none', () =>
    fc.assert(
      fc.property(manifest, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (one, share) => {
        const text = renderManifest(one);
        expect(parseManifest(text.slice(0, Math.floor(text.length * share)))).toBeNull();
      }),
    ));

  const one = renderManifest({
    publisher: 'a'.repeat(32),
    succeeds: null,
    serial: 1,
    signedAt: 2,
    notAfter: 3,
    snapshot: 'abc',
    shards: 4,
    files: [{ name: 'keys/0', hash: 'b'.repeat(64), size: 5 }],
  });
  test.each([
    ['names a path', one.replace('keys/0', 'keys/../x')],
    ['names a file twice', one.replace(/^file.*$/m, (line) => `${line}\n${line}`)],
    ['has three shards', one.replace('shards 4', 'shards 3')],
    ['has a number with a zero in front', one.replace('serial 1', 'serial 01')],
    ['has a line too many', one.replace('serial 1', 'serial 1\nmode x')],
    ['has another form', one.replace('generation 1', 'generation 2')],
  ])('that %s is none', (_, text) => {
    expect(text).not.toBe(one);
    expect(parseManifest(text)).toBeNull();
  });
});
