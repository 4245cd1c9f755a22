// One person whom the node knows, as the steps of the policy hand them on.
import type { PersonalRules } from './access.ts';
import type { OpenedBefore } from './accounts.ts';
import type { Identity } from './identity/allocations.ts';
import type { Binding, DisabledBecause, StoredUser } from './model.ts';
import type { MemoizedIdentity } from './identity/identities.ts';
import type { JudgedKeys, PersonKeys } from './keys/person-keys.ts';

/** One person whom the node knows: bound, or in an access group. */
export interface Person {
  readonly user: StoredUser;
  readonly rules: PersonalRules;
  readonly binding: Binding | null;
  /** null: may log in. */
  readonly closed: DisabledBecause | null;
  /** Filled in by `settleIdentities`; null: refused. */
  identity: Identity | null;
  /** Filled in by `settleKeys`. */
  keys: PersonKeys;
}

/**
 * What the steps found out last about a record, beside what it depends on besides that record. Nearly nobody's answers
 * differ from pass to pass, so each step looks here first. Whoever keeps a record keeps its notes with it, and an altered
 * record starts with none.
 */
export interface RecordMemo {
  standing: MemoizedIdentity | null;
  judged: JudgedKeys | null;
  opened: OpenedBefore | null;
}

export function openRecordMemo(): RecordMemo {
  return { standing: null, judged: null, opened: null };
}
