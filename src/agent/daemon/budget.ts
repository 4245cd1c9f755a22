// The budget of requests: what a sync costs is earned again by waiting, so that the poll interval stretches.

export interface Budget {
  spend(requests: number): void;
  /** Milliseconds until the debt is paid; 0: there is none. */
  wait(): number;
}

/** Requests that may come at once after a quiet time, as seconds of the rate. */
const BURST_SECONDS = 60;

/** Less debt than this is what adding up fractions leaves. */
const ROUNDING = 1e-6;

/**
 * @param rate requests a second (`scim.budget`).
 * @param clock milliseconds that only grow.
 */
export function createBudget(rate: number, clock: () => number): Budget {
  const most = rate * BURST_SECONDS;
  let left = most;
  let at = clock();

  function earn(): void {
    const now = clock();
    left = Math.min(most, left + ((now - at) / 1000) * rate);
    at = now;
  }

  return {
    spend(requests) {
      earn();
      left -= requests;
    },
    wait() {
      earn();
      return -left <= ROUNDING ? 0 : Math.ceil((-left / rate) * 1000);
    },
  };
}
