// How long each step of a sync took, in milliseconds.

export interface Stopwatch {
  time<T>(step: string, work: () => Promise<T>): Promise<T>;
  laps(): Record<string, number>;
}

/** A stopwatch; a step that fails is timed too. */
export function createStopwatch(): Stopwatch {
  const laps: Record<string, number> = {};
  const stop = (step: string, from: number): void => {
    laps[step] = Math.round(performance.now() - from);
  };
  return {
    async time(step, work) {
      const from = performance.now();
      try {
        return await work();
      } finally {
        stop(step, from);
      }
    },
    laps: () => laps,
  };
}
