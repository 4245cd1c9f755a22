// Sound keys from fixed seeds as an authorized_keys line has them, and how the policy reads a text.
import { readKeys } from '../../../src/policy/keys/ssh-key.ts';
import { makeEd25519, makeModulus, makeParts, seedRandom, writeBlob } from './key-corpus.ts';

/** `type base64` of the nth sound key from a fixed seed. */
export function makeKey(n: number): string {
  const random = seedRandom(n);
  const [type, ...parts] = makeParts(random);
  return `${type} ${writeBlob(type, ...parts).toString('base64')}`;
}

/** The codes of what was refused, and `type` of what was read. */
export function outcomes(...texts: string[]): string[] {
  return readKeys(texts).map((reading) => (reading.ok ? reading.key.type : reading.code));
}

export const ED = `ssh-ed25519 ${writeBlob('ssh-ed25519', makeEd25519(seedRandom(1))).toString('base64')}`;
export const RSA = makeRsa(makeModulus(seedRandom(2), 3072));

export function makeRsa(modulus: Uint8Array): string {
  return `ssh-rsa ${writeBlob('ssh-rsa', Buffer.from([1, 0, 1]), modulus).toString('base64')}`;
}

/** A point of P-256 whose coordinate is as small as no real key has one. */
export function makeSmallPointKey(): string {
  const p = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
  const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
  const power = (base: bigint, exponent: bigint): bigint => {
    if (exponent === 0n) return 1n;
    const half = power((base * base) % p, exponent / 2n);
    return exponent % 2n === 1n ? (half * base) % p : half;
  };
  let x = 5n;
  let y = 0n;
  for (; ; x += 1n) {
    const square = (x * x * x - 3n * x + b) % p;
    y = power(square, (p + 1n) / 4n);
    if ((y * y) % p === square) break;
  }
  const point = Buffer.from(
    `04${x.toString(16).padStart(64, '0')}${y.toString(16).padStart(64, '0')}`,
    'hex',
  );
  return `ecdsa-sha2-nistp256 ${writeBlob('ecdsa-sha2-nistp256', 'nistp256', point).toString('base64')}`;
}
