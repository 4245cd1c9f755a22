// The findings for programs: the documented shape of `doctor --json`.
import type { Finding, Level } from './finding.ts';

/** A new number for any change that is not an addition. */
const SCHEMA_VERSION = 2;

/** The levels of schema 1. */
const SEVERITIES: Readonly<Record<Level, string>> = {
  error: 'broken',
  security: 'open',
  warning: 'warning',
  unknown: 'unknown',
};

/**
 * Fields of schema 1 (`version`, `unmended`, and in a finding `severity`, `says`, `mend`) stay for one release.
 * @param notFixed what `--fix` could not do, one sentence each.
 */
export function renderFindings(findings: readonly Finding[], notFixed: readonly string[]): object {
  return {
    schema_version: SCHEMA_VERSION,
    version: 1,
    findings: findings.map(({ code, level, detail, howToFix, fix }) => ({
      code,
      level,
      detail,
      howToFix,
      fix,
      severity: SEVERITIES[level],
      says: detail,
      mend: howToFix,
    })),
    notFixed,
    unmended: notFixed,
  };
}
