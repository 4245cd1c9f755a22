// Which failures a later attempt may not meet, and how long to wait for it.

/** Waits longer than this are not sat out within a pass: the pass ends, and the next one comes later. */
export const LONGEST_WAIT_MS = 60_000;

const FIRST_WAIT_MS = 500;
const LONGEST_BACKOFF_MS = 30_000;

/** A failure that a later attempt may not meet. */
export class TransientFailure extends Error {
  /** Milliseconds for which the store asked to be left alone; null if it did not say. */
  readonly after: number | null;
  constructor(message: string, after: number | null, cause?: unknown) {
    super(message, { cause });
    this.after = after;
  }
}

/** 408, 429 and the server's own failures (RFC 9110 section 15), but for those that say "never". */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/**
 * Full jitter: anything up to a limit that doubles with each attempt, so that a fleet that failed together does not
 * come back together; never before the store wants it.
 * @param attempt 1 for the first that failed.
 * @param random in [0, 1).
 */
export function waitAfter(attempt: number, after: number | null, random: number): number {
  return (after ?? 0) + random * Math.min(LONGEST_BACKOFF_MS, FIRST_WAIT_MS * 2 ** attempt);
}

/** Retry-After in seconds or as a date (RFC 9110 section 10.2.3), in milliseconds from `now`; null if neither. */
export function readRetryAfter(header: string, now: number): number | null {
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return header === '' || Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** Connecting to nobody does not become better by trying again at once. */
export function isNobodyThere(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ECONNREFUSED' || code === 'ENOTFOUND';
}
