// RSA moduli that others can factor: damaged ones, and those of a chip that chose its primes badly.

/** Primes up to 167; a sound modulus is divisible by none of them, a damaged one mostly is. */
const SMALL_PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
  109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];
const PRODUCT = SMALL_PRIMES.reduce((product, prime) => product * BigInt(prime), 1n);

/** A small prime that divides the modulus, or null. */
export function findSmallFactor(modulus: bigint): number | null {
  const rest = modulus % PRODUCT;
  return SMALL_PRIMES.find((prime) => rest % BigInt(prime) === 0n) ?? null;
}

/**
 * The remainders that a power of 65537 can leave by each prime. Infineon's RSALib made primes of the form
 * k·M + 65537^a mod M, so that its moduli are such powers by every prime of M (CVE-2017-15361).
 */
const POWERS = SMALL_PRIMES.map((prime) => {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * 65537) % prime) powers.add(power);
  return { prime: BigInt(prime), powers };
});

/** Whether a modulus bears that mark; of sound moduli, one in hundreds of millions does. */
export function isMadeByFlawedChip(modulus: bigint): boolean {
  const rest = modulus % PRODUCT;
  return POWERS.every(({ prime, powers }) => powers.has(Number(rest % prime)));
}
