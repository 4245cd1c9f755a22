// Which failures are worth another attempt, and how long to wait before it.
import { parseHttpDate } from '../../common/text/timestamp.ts';

/** A longer wait ends the sync; the next sync after it tries again. */
export const LONGEST_WAIT_MS = 60_000;

const FIRST_WAIT_MS = 500;
const LONGEST_BACKOFF_MS = 30_000;

/** A failure that is worth another attempt. */
export class TransientFailure extends Error {
  /** Milliseconds of the store's Retry-After; null where it sent none. */
  readonly after: number | null;
  constructor(message: string, after: number | null, cause?: unknown) {
    super(message, { cause });
    this.after = after;
  }
}

/** 408, 429 and the server's own failures (RFC 9110 section 15), except 501 and 505, which are permanent. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/**
 * Milliseconds to wait, with full jitter: a random share of a limit that doubles with each attempt, so that nodes that
 * failed together do not retry together. Never less than `after`.
 * @param attempt 1 for the first that failed.
 * @param after Retry-After in milliseconds; null where the store sent none.
 * @param random in [0, 1).
 */
export function waitAfter(attempt: number, after: number | null, random: number): number {
  return (after ?? 0) + random * Math.min(LONGEST_BACKOFF_MS, FIRST_WAIT_MS * 2 ** attempt);
}

/** Retry-After in seconds or as a date (RFC 9110 section 10.2.3), in milliseconds from `now`; null if neither. */
export function readRetryAfter(header: string, now: number): number | null {
  if (/^\d{1,15}$/.test(header)) return Number(header) * 1000;
  const date = parseHttpDate(header);
  return date === null ? null : Math.max(0, date - now);
}

/** No server listens at that address: another attempt at once would fail as well. */
export function isNotListening(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ECONNREFUSED' || code === 'ENOTFOUND';
}
