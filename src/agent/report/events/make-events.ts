// Rows of the history and entries of the audit trail as audit events; pure.
import type { ChangeKind } from '../../../plan/change.ts';
import type { HistoryRow } from '../../../state/syncs/sync-log.ts';
import type { AuditEntry } from '../audit.ts';
import { type AuditEvent, cutText } from './audit-event.ts';

/**
 * null: it was not done.
 * @param store its base URL.
 * @param snapshot hash of the records of that sync.
 */
export function describeChange(row: HistoryRow, store: string, snapshot: string | null): AuditEvent | null {
  const { sync, at, scimId, kind, name, because, problem, detail } = row;
  if (problem !== null) return null;
  const member = detail?.member;
  return {
    schema_version: 1,
    event: 'change',
    // Behind the colon stands how the guard counts it. The history has kinds of changes alone.
    code: (kind.split(':')[0] ?? kind) as ChangeKind,
    at: new Date(at * 1000).toISOString(),
    sync,
    subject: {
      name: cutText(member ?? name),
      scimId: scimId === null ? null : cutText(scimId),
      group: member === undefined ? null : cutText(name),
      account: detail?.account === undefined ? null : cutText(detail.account),
    },
    actor: { kind: 'store', name: cutText(store), snapshot, loginuid: null },
    reason: cutText(because),
    keys:
      detail?.gained === undefined || detail.lost === undefined
        ? null
        : { gained: [...detail.gained], lost: [...detail.lost] },
  };
}

export function describeAct({
  at,
  operator,
  act,
  subject,
  detail,
  scimId,
  loginuid,
}: AuditEntry): AuditEvent {
  return {
    schema_version: 1,
    event: 'act',
    code: act,
    at: new Date(at).toISOString(),
    sync: null,
    subject: {
      name: cutText(subject),
      scimId: typeof scimId === 'string' ? cutText(scimId) : null,
      group: null,
      account: null,
    },
    actor: { kind: 'operator', name: cutText(operator), snapshot: null, loginuid: loginuid ?? null },
    reason: cutText(detail),
    keys: null,
  };
}
