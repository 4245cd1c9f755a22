// An operator's word that keys may live on while the store cannot be heard, and when that word counts.
import type { StoredUser } from './model.ts';

/** No single word reaches further, in seconds. */
export const MAX_EXTENSION = 7 * 86_400;

/** A clock that was set back by no more than this does not void a word. */
const CLOCK_SLACK = 300;

/** One person's extension, as the operator gave it. */
export interface Extension {
  readonly scimId: string;
  /** `confirmedAt` of the record that the operator saw. */
  readonly confirmedAt: number;
  /** Epoch seconds until which the keys live. */
  readonly until: number;
  /** Epoch seconds when it was given. */
  readonly at: number;
  /** The operator. */
  readonly by: string;
}

/**
 * Whether an extension speaks of this very record. An older one is a replayed cache, which must extend nobody; a newer
 * one was confirmed by the store since, whose word counts again. What was never confirmed cannot be extended.
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
 * @param extension one that counts, or null.
 */
export function expireKeys(
  confirmedAt: number,
  maxAge: number | null,
  extension: Extension | null,
): number | null {
  if (maxAge === null) return null;
  return Math.max(confirmedAt + maxAge, extension?.until ?? 0);
}
