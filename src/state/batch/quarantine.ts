// The quarantine: resources of which something was refused, why, and by which names an operator may ask for them.
import type { Finding, ResourceKind } from '../../protocol/records.ts';
import type { Connection } from '../database.ts';

export interface QuarantineRow {
  readonly kind: ResourceKind;
  readonly id: string;
  readonly findings: readonly Finding[];
  /** As the store sent them, nothing judged; empty for a row of 0.1.0. */
  readonly names: readonly string[];
  /** Epoch seconds. */
  readonly since: number;
}

type StoredFinding = Finding & { readonly names?: readonly string[] };

/** As JSON; the names go with the first finding, where 0.1.0 does not look. */
export function encodeFindings(findings: readonly Finding[], names: readonly string[]): string {
  const stored: StoredFinding[] = findings.map((finding, n) => (n === 0 ? { ...finding, names } : finding));
  return JSON.stringify(stored);
}

function dropNames(stored: StoredFinding): Finding {
  const finding: { names?: readonly string[] } & Finding = { ...stored };
  delete finding.names;
  return finding;
}

/** All rows, by kind and id. */
export function readQuarantine(connection: Connection): QuarantineRow[] {
  return connection
    .prepare<[], { kind: ResourceKind; id: string; findings: string; since: number }>(
      'SELECT kind, id, findings, since FROM quarantine WHERE json_valid(findings) ORDER BY kind, id',
    )
    .all()
    .map((row) => {
      const stored = JSON.parse(row.findings) as StoredFinding[];
      const findings = stored.map(dropNames);
      return { ...row, findings, names: stored[0]?.names ?? [] };
    });
}
