// The ledger as a file: what binds names and ids to SCIM ids, for another cluster or for a state volume that was lost.
import type { FormerBinding } from '../identity/former.ts';
import type { InheritedRow } from '../inherited/inherited.ts';
import type { Binding } from '../model.ts';

/** Everything of a ledger that cannot be read from the store again. */
export interface LedgerExport {
  readonly bindings: readonly Binding[];
  /** The newest last. */
  readonly former: readonly FormerBinding[];
  readonly inherited: readonly InheritedRow[];
}
