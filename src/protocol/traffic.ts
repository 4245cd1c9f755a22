// How the store answered: counters for the metrics, handed over and reset after each request of the agent.

/** Counts since the last `drain`. */
export interface Traffic {
  /** Answers by HTTP status; `none` counts requests that got no answer. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly retries: number;
}

export interface TrafficTally {
  /** Counts an answer of that HTTP status; null: a request without an answer. */
  count(status: number | null): void;
  countRetry(): void;
  /** Returns the counts, or null if there are none, and starts again from zero. */
  drain(): Traffic | null;
}

/** An empty tally. */
export function createTrafficTally(): TrafficTally {
  let statuses: Record<string, number> = {};
  let retries = 0;
  return {
    count(status) {
      const key = status === null ? 'none' : String(status);
      statuses[key] = (statuses[key] ?? 0) + 1;
    },
    countRetry() {
      retries += 1;
    },
    drain() {
      if (retries === 0 && Object.keys(statuses).length === 0) return null;
      const counts = { statuses, retries };
      statuses = {};
      retries = 0;
      return counts;
    },
  };
}
