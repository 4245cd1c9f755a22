// Notices that another token lies ready, so that nobody has to restart anything after a rotation.
import { createHash } from 'node:crypto';
import type { TokenSource } from '../config/config.ts';
import { readTokens } from '../config/tokens.ts';

const INTERVAL_MS = 2000;

/** Calls `onChange` each time the tokens are others than before, until `signal` is aborted. */
export function watchTokens(
  sources: readonly TokenSource[],
  root: string,
  onChange: () => void,
  signal: AbortSignal,
): void {
  let before = markTokens(sources, root);
  const timer = setInterval(() => {
    const now = markTokens(sources, root);
    // While a file is being replaced there may be none for a moment; that is no news.
    if (now === null || now === before) return;
    before = now;
    onChange();
  }, INTERVAL_MS);
  timer.unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

/** A digest, so that no further copy of a token stays in memory; null where none can be read. */
function markTokens(sources: readonly TokenSource[], root: string): string | null {
  try {
    return createHash('sha256').update(readTokens(sources, root).join('\n')).digest('hex');
  } catch {
    return null;
  }
}
