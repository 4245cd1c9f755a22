// An operator's extension: keys stay valid while the store is away, for one record as the operator saw it.
import type { Extension, StoredUser } from './model.ts';

/** The longest extension, in seconds. */
export const MAX_EXTENSION = 7 * 86_400;

/** A clock that was set back by at most this much does not void an extension, in seconds. */
const CLOCK_SLACK = 300;

/**
 * Whether an extension is in force for this very record. An older record comes from a replayed state database, which
 * must extend no key; a newer one was confirmed by the store since, so the store's answer counts again. A record that
 * was never confirmed cannot be extended.
 * @param now epoch seconds.
 */
export function isExtended(
  user: Pick<StoredUser, 'confirmedAt'>,
  extension: Extension,
  now: number,
): boolean {
  const { confirmedAt, at, until } = extension;
  const isBounded = until - at <= MAX_EXTENSION && at <= now + CLOCK_SLACK;
  return user.confirmedAt > 0 && user.confirmedAt === confirmedAt && isBounded && until > now;
}

/**
 * When a person's keys stop working, epoch seconds; null: never.
 * @param maxAge keys.max_age in seconds.
 * @param extension the one in force, or null.
 */
export function expireKeys(
  confirmedAt: number,
  maxAge: number | null,
  extension: Extension | null,
): number | null {
  if (maxAge === null) return null;
  return Math.max(confirmedAt + maxAge, extension?.until ?? 0);
}
