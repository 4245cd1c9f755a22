// When a record that the store still lists counts as confirmed anew, so that its keys live longer.
import { createHash } from 'node:crypto';

/**
 * Renewal comes after half of `maxAge`, spread by the id over a further 15 %: a first sync does not
 * renew all keys on one day, and a quiet day writes little. Between renewals `confirmed_at` stays,
 * so that the expiry in a key file is always `confirmed_at + maxAge` and a replayed old state database extends no key.
 * @param confirmedAt epoch seconds of the last renewal.
 * @param maxAge seconds, or null where keys never expire (then once a day, for `status`).
 */
export function isRenewalDue(id: string, confirmedAt: number, now: number, maxAge: number | null): boolean {
  const age = now - confirmedAt;
  const period = maxAge ?? 2 * 86_400;
  if (age < period / 2) return false;
  return age >= period * (0.5 + 0.15 * spread(id));
}

/** A number in [0, 1) that only the id decides. */
function spread(id: string): number {
  return createHash('sha256').update(id).digest().readUInt32BE(0) / 2 ** 32;
}
