// Repeats a kind of round: at intervals, and when asked; never two at a time.

export interface Repetition {
  /** A round begins; while one is under way, one more follows it, however often it is asked for. */
  ask(): void;
  /** None begins any more; one that is under way ends by itself. */
  stop(): void;
}

/**
 * Begins with the first interval, or when it is asked.
 * @param everyMs milliseconds.
 * @param onFailure gets what a round throws; the next one comes all the same.
 */
export function repeatOneAtATime(
  everyMs: number,
  round: () => Promise<void>,
  onFailure: (error: unknown) => void,
): Repetition {
  let isUnderWay = false;
  let isWanted = false;

  async function work(): Promise<void> {
    isUnderWay = true;
    while (isWanted) {
      isWanted = false;
      await round().catch(onFailure);
    }
    isUnderWay = false;
  }

  function ask(): void {
    isWanted = true;
    if (!isUnderWay) void work();
  }

  const timer = setInterval(ask, everyMs);
  timer.unref();
  return {
    ask,
    stop() {
      clearInterval(timer);
      isWanted = false;
    },
  };
}
