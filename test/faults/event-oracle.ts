// Holds every audit event that the node would write to its documented shape: of all changes and acts that it has on record.
import { readAudit } from '../../src/agent/report/audit.ts';
import { auditEvent } from '../../src/agent/report/events/audit-event.ts';
import { describeAct, describeChange } from '../../src/agent/report/events/make-events.ts';
import { pathsUnder } from '../../src/common/paths.ts';
import { AgentError } from '../../src/common/errors.ts';
import { viewState } from '../../src/state/state.ts';
import type { LoginRoot } from '../support/nodes/login-root/login-root.ts';

/** A sentence for each event that is none; a state database that cannot be read has no say. */
export function findEventFaults({ root, state }: Pick<LoginRoot, 'root' | 'state'>): string[] {
  const events = [...listChanges(state), ...readAudit(pathsUnder(root)).entries.map(describeAct)];
  return events.flatMap((event) => {
    const { success, error } = auditEvent.safeParse(event);
    const text = JSON.stringify(event);
    if (!success) return [`an audit event has another shape: ${error.message}: ${text}`];
    return /AAAA[A-Za-z0-9+/]{20}/.test(text) ? [`an audit event has key material: ${text}`] : [];
  });
}

function listChanges(state: string) {
  try {
    const view = viewState(state);
    try {
      return view
        .history({ limit: 100_000 })
        .flatMap((row) => describeChange(row, 'https://store.example', view.snapshotHash()) ?? []);
    } finally {
      view.close();
    }
  } catch (error) {
    // A damaged page may be met only by the query (better-sqlite3's SqliteError).
    const isDamage =
      error instanceof Error && 'code' in error && /^SQLITE_(?:CORRUPT|NOTADB)/.test(String(error.code));
    if (isDamage || error instanceof AgentError) return [];
    throw error;
  }
}
