// Counts requests, bytes and time of one question to the store, and enforces their bounds.
import type { Config } from '../../config/config.ts';
import { AgentError } from '../../common/errors.ts';

export interface Meter {
  readonly requests: number;
  readonly retries: number;
  readonly bytes: number;
  /** The store's `Date` in its first answer (epoch ms; null if it sends none), and the local clock at that instant. */
  readonly clock: { readonly serverTime: number | null; readonly localTime: number } | null;
  /** Aborted after `bounds.pass`, or by `cancel`. */
  readonly signal: AbortSignal;
  noteRequest(isRetry: boolean): void;
  /** @throws AgentError store_bound */
  noteAnswer(bytes: number, serverTime: number | null): void;
  /** @throws AgentError store_bound after `bounds.pass`. */
  checkTime(): void;
}

/**
 * Starts counting; `bounds.pass` runs from here.
 * @param cancel ends the question earlier.
 */
export function startMeter(bounds: Config['scim']['bounds'], cancel?: AbortSignal): Meter {
  const timeout = AbortSignal.timeout(bounds.pass * 1000);
  const signal = cancel === undefined ? timeout : AbortSignal.any([timeout, cancel]);
  let requests = 0;
  let retries = 0;
  let bytes = 0;
  let clock: Meter['clock'] = null;
  return {
    get requests() {
      return requests;
    },
    get retries() {
      return retries;
    },
    get bytes() {
      return bytes;
    },
    get clock() {
      return clock;
    },
    signal,
    noteRequest(isRetry) {
      requests += 1;
      if (isRetry) retries += 1;
    },
    noteAnswer(more, serverTime) {
      clock ??= { serverTime, localTime: Date.now() };
      bytes += more;
      if (bytes > bounds.total_bytes)
        throw new AgentError(
          'store_bound',
          `more bytes than scim.bounds.total_bytes (${bounds.total_bytes})`,
        );
    },
    checkTime() {
      if (signal.aborted)
        throw new AgentError('store_bound', `a sync of more than scim.bounds.pass (${bounds.pass} s)`);
    },
  };
}
