// Waiting on a node for what another process does in its own time.
import { setTimeout as sleep } from 'node:timers/promises';

/** A busy machine takes its time; what takes longer is a failure. */
const PATIENCE_MS = 90_000;

const PAUSE_MS = 250;

/**
 * Asks four times a second until it is so; where an answer takes longer than the pause, with a pause as long, so that
 * asking leaves half of a processor to what is awaited.
 * @param explain what the failure shows besides: the end of a log.
 * @throws Error naming what did not come.
 */
export async function eventually(
  what: string,
  isTrue: () => boolean,
  explain: () => string = () => '',
): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline;) {
    const began = performance.now();
    if (isTrue()) return;
    await sleep(Math.max(PAUSE_MS, performance.now() - began));
  }
  throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}\n${explain()}`);
}
