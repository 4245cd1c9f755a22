// Waiting for the sync lock: how long a command does, and what it prints meanwhile.

/** Milliseconds; the daemon may be in a long sync. */
export const LOCK_PATIENCE_MS = 600_000;

export function announceWait(): void {
  process.stderr.write('sunk-agent: another sync is running; waiting for it\n');
}
