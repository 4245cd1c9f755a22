// The bounds of OpenSSH and OpenSSL on the numbers of a key, at their edges; real keys are read in real-keys.test.ts.
import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { checkCurvePoint, checkRsa } from '../../../../src/policy/keys/key-numbers.ts';

/** An mpint of RFC 4251 section 5. */
function mpint(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 1 ? `0${hex}` : hex, 'hex');
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}

const E = mpint(65_537n);
/** No small prime divides it, by Fermat's little theorem or not: 2 to the n, minus 1, for a Mersenne prime. */
const MERSENNE = { 1279: 2n ** 1279n - 1n, 2203: 2n ** 2203n - 1n, 9689: 2n ** 9689n - 1n };

test('the modulus has the bits that it says', () => {
  expect(checkRsa(E, mpint(MERSENNE[1279]))).toEqual({ bits: 1279 });
  expect(checkRsa(E, mpint(MERSENNE[2203]))).toEqual({ bits: 2203 });
  expect(checkRsa(E, mpint(MERSENNE[9689]))).toEqual({ bits: 9689 });
});

test('a modulus that is too short or too long for OpenSSH is named with its bits', () => {
  const fault = (bits: number) => ({ fault: `has ${bits} bits; OpenSSH reads 1024 to 16384` });
  expect(checkRsa(E, mpint(2n ** 1022n + 1n))).toEqual(fault(1023));
  expect(checkRsa(E, mpint(2n ** 1023n + 1n))).not.toEqual(fault(1024));
  expect(checkRsa(E, mpint(2n ** 16_383n + 1n))).not.toEqual(fault(16_384));
  expect(checkRsa(E, mpint(2n ** 16_384n + 1n))).toEqual(fault(16_385));
});

test.each([
  ['empty', Buffer.of()],
  ['zero with a byte', Buffer.of(0)],
  ['negative', Buffer.of(0x80)],
  ['padded', Buffer.of(0, 0x7f)],
  ['padded twice', Buffer.of(0, 0, 0x80)],
])('a number that is %s is refused', (_, number) => {
  const fault = { fault: 'has a number that is negative, empty or padded' };
  expect(checkRsa(number, mpint(MERSENNE[2203]))).toEqual(fault);
  expect(checkRsa(E, number)).toEqual(fault);
});

test('a number whose first bit is set has one zero byte before it', () => {
  expect(checkRsa(Buffer.of(0, 0x81), mpint(MERSENNE[2203]))).toEqual({ bits: 2203 });
});

test.each([
  [1n, 'has an exponent that is even or 1'],
  [2n, 'has an exponent that is even or 1'],
  [65_536n, 'has an exponent that is even or 1'],
  [2n ** 64n + 1n, 'has an exponent of more than 64 bits'],
])('the exponent %d is refused', (exponent, fault) => {
  expect(checkRsa(mpint(exponent), mpint(MERSENNE[2203]))).toEqual({ fault });
});

test.each([3n, 2n ** 64n - 1n])('the exponent %d is not', (exponent) => {
  expect(checkRsa(mpint(exponent), mpint(MERSENNE[2203]))).toEqual({ bits: 2203 });
});

test('a modulus that is even, or that a small number divides, is no key', () => {
  expect(checkRsa(E, mpint(MERSENNE[2203] - 1n))).toEqual({ fault: 'has an even modulus' });
  expect(checkRsa(E, mpint(MERSENNE[2203] * 7n))).toEqual({
    fault: 'has a modulus that 7 divides: damaged',
  });
});

/** The generator of nistp256 (FIPS 186-4 appendix D.1.2.3). */
const G = Buffer.from(
  '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  'hex',
);

test('a point is one of its curve, uncompressed and whole', () => {
  expect(checkCurvePoint('nistp256', G)).toBe(256);
  for (const curve of ['nistp384', 'nistp521', 'nistp224', 'toString', ''])
    expect(checkCurvePoint(curve, G)).toBeNull();
  expect(checkCurvePoint('nistp256', G.subarray(0, -1))).toBeNull();
  expect(checkCurvePoint('nistp256', Buffer.concat([G, Buffer.of(0)]))).toBeNull();
  for (const form of [0, 2, 3, 5, 6]) {
    const other = Buffer.from(G);
    other[0] = form;
    expect(checkCurvePoint('nistp256', other)).toBeNull();
  }
});

test('a point of which a number is changed is not on the curve', () => {
  for (let at = 1; at < G.length; at += 1) {
    const other = Buffer.from(G);
    other[at] = (other[at] ?? 0) ^ 1;
    expect(checkCurvePoint('nistp256', other)).toBeNull();
  }
});

test('a point with a coordinate of less than half the bits is refused, as sshkey_ec_validate_public does', () => {
  // y² = x³ - 3x + b for x = 5.
  const y = 0x459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbccn;
  const point = Buffer.from(`04${'5'.padStart(64, '0')}${y.toString(16).padStart(64, '0')}`, 'hex');
  expect(checkCurvePoint('nistp256', point)).toBeNull();
});
