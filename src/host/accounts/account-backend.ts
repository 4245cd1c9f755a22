// The interface of the account backends: the files that hold accounts and groups.
import type { AccountChange, Change } from '../../plan/change.ts';
import type { AccountsOnHost } from '../../plan/host-state.ts';
import type { Misfit } from './account-misfit.ts';
import type { Texts } from './edit-accounts.ts';

/** Publishes accounts and keys together, all at once. */
export interface Publication {
  /** What was last published: the lines of each key file, by name. */
  readKeys(): ReadonlyMap<string, readonly string[]>;
  /**
   * Publishes the accounts that `apply` staged and the keys after these changes; writes nothing if nothing changed.
   * @throws AgentError host_write; readers then still see the generation before, and what `apply` staged is dropped.
   */
  publish(changes: readonly Change[]): void;
}

export interface AccountBackend {
  /** The present state, without a lock. @param local the node's own files (`readLocalTexts`). */
  read(local: Readonly<Texts>): AccountsOnHost;
  /** What else the node resolves, all unmanaged whatever the ledger says; null: `read` has everything. */
  readOthers(local: Readonly<Texts>): AccountsOnHost | null;
  /** null: what `apply` does is visible at once. */
  readonly publication: Publication | null;
  /**
   * Applies account, group and membership changes, all that fit or none; waits for other editors of the files.
   * @param today days since the epoch, for shadow(5).
   * @returns the changes that did not fit what it found.
   * @throws AgentError lock_busy, host_write; nothing was changed then.
   */
  apply(changes: readonly AccountChange[], today: number): Promise<Misfit[]>;
}
