// Whether the numbers inside a public key can be a key at all: curve points, RSA modulus and exponent.
import type { Buffer } from 'node:buffer';
import { findSmallFactor, isMadeByFlawedChip } from './rsa-weakness.ts';

/** y² = x³ - 3x + b over p, order n (FIPS 186-4 appendix D.1.2). */
const CURVES: Readonly<Record<string, { bytes: number; bits: number; p: bigint; b: bigint; n: bigint }>> = {
  nistp256: {
    bytes: 32,
    bits: 256,
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  nistp384: {
    bytes: 48,
    bits: 384,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  nistp521: {
    bytes: 66,
    bits: 521,
    p: 2n ** 521n - 1n,
    b: 0x0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
    n: 0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
};

/**
 * Bits of the curve if the point is on it, uncompressed, and within the bounds that OpenSSH sets
 * (sshkey.c, sshkey_ec_validate_public); null if not.
 */
export function checkCurvePoint(curve: string, point: Buffer): number | null {
  const known = Object.hasOwn(CURVES, curve) ? CURVES[curve] : undefined;
  if (known === undefined || point.length !== 1 + 2 * known.bytes || point[0] !== 4) return null;
  const { p, b, n, bits, bytes } = known;
  const x = toNumber(point.subarray(1, 1 + bytes));
  const y = toNumber(point.subarray(1 + bytes));
  const floor = 1n << BigInt(Math.ceil(bits / 2));
  if (x < floor || y < floor || x >= n - 1n || y >= n - 1n) return null;
  return (y * y - x * x * x + 3n * x - b) % p === 0n ? bits : null;
}

const P25519 = 2n ** 255n - 19n;

/**
 * Whether 32 bytes are a point of edwards25519 (RFC 8032 section 5.1.3) that is not of small order.
 * OpenSSH looks only at the length; for a point of small order anybody can make signatures that it accepts.
 */
export function isEd25519Point(bytes: Buffer): boolean {
  if (bytes.length !== 32) return false;
  const y = toNumber(Uint8Array.from(bytes).reverse()) & (2n ** 255n - 1n);
  if (y >= P25519 || y === 0n) return false;
  const yy = (y * y) % P25519;
  // Order 8: doubling leads to y = 0, that is d·y⁴ + 2y² - 1 = 0 with d = -121665/121666.
  if ((243332n * yy - 121665n * yy * yy - 121666n) % P25519 === 0n) return false;
  // x² = (y² - 1) / (d·y² + 1) must be a square other than 0 (y = ±1 has order 1 or 2).
  const ratio = (yy - 1n) * (121666n - 121665n * yy) * 121666n;
  return isSquare(ratio % P25519);
}

/** Whether a is a square modulo 2²⁵⁵-19, and not 0, by the law of quadratic reciprocity (Jacobi symbol). */
function isSquare(a: bigint): boolean {
  let top = a < 0n ? a + P25519 : a;
  let bottom = P25519;
  let sign = 1;
  while (top !== 0n) {
    const low = Number(BigInt.asUintN(32, top));
    const zeros = low === 0 ? 32 : 31 - Math.clz32(low & -low);
    top >>= BigInt(zeros);
    const eighth = Number(bottom & 7n);
    if (zeros % 2 === 1 && (eighth === 3 || eighth === 5)) sign = -sign;
    if (low === 0) continue;
    if ((top & 3n) === 3n && (bottom & 3n) === 3n) sign = -sign;
    [top, bottom] = [bottom % top, top];
  }
  return bottom === 1n && sign === 1;
}

/** Shortest and longest RSA modulus that OpenSSH reads, in bits (SSH_RSA_MINIMUM_MODULUS_SIZE, SSHBUF_MAX_BIGNUM). */
const MIN_RSA_BITS = 1024;
const MAX_RSA_BITS = 16384;

/**
 * Bits of an RSA modulus, or what is wrong with the numbers.
 * Exponent 1 would let anybody sign; one above 64 bits is refused by OpenSSL for long keys.
 */
export function checkRsa(
  exponent: Buffer,
  modulus: Buffer,
): { bits: number } | { fault: string; isFlawed?: true } {
  if (!isMinimal(exponent) || !isMinimal(modulus)) {
    return { fault: 'has a number that is negative, empty or padded' };
  }
  const bits = countBits(modulus);
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
    return { fault: `has ${bits} bits; OpenSSH reads ${MIN_RSA_BITS} to ${MAX_RSA_BITS}` };
  }
  if (countBits(exponent) > 64) return { fault: 'has an exponent of more than 64 bits' };
  if (isEven(exponent) || toNumber(exponent) < 3n) return { fault: 'has an exponent that is even or 1' };
  if (isEven(modulus)) return { fault: 'has an even modulus' };
  const number = toNumber(modulus);
  const factor = findSmallFactor(number);
  if (factor !== null) return { fault: `has a modulus that ${factor} divides: damaged` };
  if (isMadeByFlawedChip(number)) {
    return {
      fault: 'was made by a flawed chip (CVE-2017-15361), and others can compute its private half',
      isFlawed: true,
    };
  }
  return { bits };
}

/** RFC 4251 section 5, mpint: positive, without unnecessary leading zeros. */
function isMinimal(mpint: Buffer): boolean {
  const [first, second] = mpint;
  if (first === undefined || first >= 0x80) return false;
  return first !== 0 || (second !== undefined && second >= 0x80);
}

function countBits(mpint: Buffer): number {
  const start = mpint[0] === 0 ? 1 : 0;
  return (mpint.length - start) * 8 - (Math.clz32(mpint[start] ?? 0) - 24);
}

function isEven(mpint: Buffer): boolean {
  return (mpint.at(-1) ?? 0) % 2 === 0;
}

function toNumber(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toHex()}`);
}
