// One thing that doctor found wrong, and how it is mended.

/**
 * `broken`: logins fail, or the node no longer follows the store. `open`: somebody may get in beside us. `warning`: it
 * will hurt one day. `unknown`: it could not be looked at.
 */
export type Severity = 'broken' | 'open' | 'warning' | 'unknown';

/** What `--fix` can do by itself without harm; see fixes.ts. */
export type FixName =
  'sshd-drop-in' | 'helper-rights' | 'nscd-flush' | 'token-rights' | 'state-rights' | 'key-folder-rights';

export interface Finding {
  /** Stable, for programs; its first word is the name of the check, and of its file. */
  readonly code: string;
  readonly severity: Severity;
  /** One clause: what is wrong, and where. */
  readonly says: string;
  /** What the operator must do, as an order. */
  readonly mend: string;
  readonly fix: FixName | null;
}

export function found(
  code: string,
  severity: Severity,
  says: string,
  mend: string,
  fix: FixName | null = null,
): Finding {
  return { code, severity, says, mend, fix };
}
