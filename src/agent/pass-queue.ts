// Passes never overlap: what is asked for while one runs is done once, afterwards.

export type PassMode = 'full' | 'delta';

export interface PassQueue {
  /** Asks for a pass; `full` beats `delta` when both wait. */
  ask(mode: PassMode): void;
  /** Whether a pass has been running for longer than `limit` milliseconds. */
  isStuck(limit: number): boolean;
  /** No more passes; resolves when the one under way is over. */
  stop(): Promise<void>;
}

/** A queue of one place over `run`, which must not throw. */
export function createPassQueue(run: (mode: PassMode) => Promise<void>): PassQueue {
  let waiting: PassMode | null = null;
  let running: Promise<void> | null = null;
  let startedAt = 0;
  let isStopped = false;

  function next(): PassMode | null {
    const mode = isStopped ? null : waiting;
    waiting = null;
    return mode;
  }

  async function work(): Promise<void> {
    for (let mode = next(); mode !== null; mode = next()) {
      startedAt = performance.now();
      await run(mode);
    }
    running = null;
  }

  return {
    ask(mode) {
      if (isStopped) return;
      waiting = waiting === 'full' ? 'full' : mode;
      running ??= work();
    },
    isStuck: (limit) => running !== null && performance.now() - startedAt > limit,
    async stop() {
      isStopped = true;
      await running;
    },
  };
}
