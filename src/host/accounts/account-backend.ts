// Where accounts and groups live: the seam between host.ts and the files that it edits.
import type { AccountChange, Change } from '../../plan/change.ts';
import type { AccountsOnHost } from '../../plan/host-state.ts';
import type { Misfit } from './account-misfit.ts';

/** Where accounts and keys are shown to others together, all at once. */
export interface Publication {
  /** What was last published: the lines of each key file, by name. */
  readKeys(): ReadonlyMap<string, readonly string[]>;
  /**
   * Shows the accounts as `apply` left them and the keys after these changes; nothing new, nothing written.
   * @throws AgentError host_write; what was published before is then still what is seen, and `apply` is forgotten.
   */
  publish(changes: readonly Change[]): void;
}

export interface AccountBackend {
  /** What is there now, without a lock. */
  read(): AccountsOnHost;
  /** What else the node resolves, none of which is ours whatever the ledger says; null: `read` is all there is. */
  readOthers(): AccountsOnHost | null;
  /** null: what `apply` does is seen at once. */
  readonly publication: Publication | null;
  /**
   * Carries out account, group and membership changes, all that fit or none; waits for whoever edits meanwhile.
   * @param today days since the epoch, for shadow(5).
   * @returns those that did not fit what it found.
   * @throws AgentError lock_busy, host_write; nothing has then been done.
   */
  apply(changes: readonly AccountChange[], today: number): Promise<Misfit[]>;
}
