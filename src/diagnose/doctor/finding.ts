// One problem that doctor found, and how to fix it.

/**
 * `error`: logins fail, or the node no longer follows the store. `security`: a login path may bypass sunk-agent.
 * `warning`: logins work today. `unknown`: it could not be checked.
 */
export type Level = 'error' | 'security' | 'warning' | 'unknown';

/** What `--fix` can do by itself without harm; see fixes.ts. */
export type FixName =
  'sshd-drop-in' | 'helper-rights' | 'nscd-flush' | 'token-rights' | 'state-rights' | 'key-folder-rights';

export interface Finding {
  /** Stable, for programs; its first word is the check's (`passes` of check-syncs). */
  readonly code: string;
  readonly level: Level;
  /** One clause: what is wrong, and where. */
  readonly detail: string;
  /** What the operator must do, in the imperative. */
  readonly howToFix: string;
  /** null: `--fix` cannot do it. */
  readonly fix: FixName | null;
}

export function found(
  code: string,
  level: Level,
  detail: string,
  howToFix: string,
  fix: FixName | null = null,
): Finding {
  return { code, level, detail, howToFix, fix };
}
