// How the store answered: a tally for the metrics, handed over and begun anew after each question.

/** Since the last one was taken. */
export interface Traffic {
  /** Answers by HTTP status; `none` counts requests that got no answer. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly retries: number;
}

export interface TrafficTally {
  /** An answer of that status came; null: none came. */
  count(status: number | null): void;
  countRetry(): void;
  /** What was counted, or null if nothing was; counting starts again. */
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
