// Where accounts and groups live: the seam between host.ts and the files that it edits.
import type { ActualAccount } from '../plan/actual.ts';
import type { Change } from '../plan/change.ts';
import type { GroupEntry } from '../policy/posix.ts';
import type { Misfit } from './account-misfit.ts';

/** Everything that the files say, by name; foreign lines included. */
export interface AccountsOnHost {
  readonly accounts: ReadonlyMap<string, ActualAccount>;
  readonly groups: ReadonlyMap<string, GroupEntry>;
}

export interface AccountBackend {
  /** What is there now, without a lock. */
  read(): AccountsOnHost;
  /**
   * Carries out account, group and membership changes, all that fit or none; waits for whoever edits meanwhile.
   * @param today days since the epoch, for shadow(5).
   * @returns those that did not fit what it found.
   * @throws AgentError lock_busy, host_write; nothing has then been done.
   */
  apply(changes: readonly Change[], today: number): Promise<Misfit[]>;
}
