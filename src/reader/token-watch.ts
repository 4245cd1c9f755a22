// Notices a new token, so that a rotation needs no restart.
import { createHash } from 'node:crypto';
import type { TokenSource } from '../config/config.ts';
import { readTokens } from '../config/tokens.ts';

const INTERVAL_MS = 2000;

/** Calls `onChange` each time the tokens change, until `signal` is aborted. */
export function watchTokens(
  sources: readonly TokenSource[],
  root: string,
  onChange: () => void,
  signal: AbortSignal,
): void {
  let before = hashTokens(sources, root);
  const timer = setInterval(() => {
    const now = hashTokens(sources, root);
    // While a file is being replaced, it may be missing for a moment; that is no change.
    if (now === null || now === before) return;
    before = now;
    onChange();
  }, INTERVAL_MS);
  timer.unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

/** A digest, so that no further copy of a token stays in memory; null where no token can be read. */
function hashTokens(sources: readonly TokenSource[], root: string): string | null {
  try {
    return createHash('sha256').update(readTokens(sources, root).join('\n')).digest('hex');
  } catch {
    return null;
  }
}
