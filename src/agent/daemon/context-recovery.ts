// Runs the daemon's syncs under the lock, on a state database that may become damaged, removed or read-only.
import { describeError } from '../../common/errors.ts';
import { isUnwritable } from '../../common/sqlite-error.ts';
import { nameRefusal } from '../../common/system-error.ts';
import { isDamage } from '../../state/database.ts';
import type { StateDatabase } from '../../state/state.ts';
import type { NodeContext } from '../node-context.ts';
import { acquireSyncLock } from '../reconcile/sync-lock.ts';
import { type DaemonContext, type OpenContext, openDaemonContext } from './open-context.ts';

/** A process that holds the sync lock for longer than this is stuck. */
export const LOCK_PATIENCE_MS = 60_000;

export interface ContextKeeper extends Pick<OpenContext, 'get' | 'close'> {
  /**
   * Does `work` with the sync lock held. If it meets damage, it is done again with a context that is opened anew: the
   * state database is checked whole then, set aside and rebuilt. If the state database can be read and not be written,
   * it is done again with a copy in memory, which lasts until the file can be written: revocations go on all the same.
   * @param onWait called when another process holds the lock.
   * @throws AgentError lock_busy, host_write, state_folder, and what `work` throws.
   */
  withLock<T>(onWait: () => void, work: (context: DaemonContext) => Promise<T>): Promise<T>;
}

/** @throws AgentError state_folder */
export function keepContext(node: NodeContext): ContextKeeper {
  const context = openDaemonContext(node);
  /** Of the state database, with what syncs did since it could not be written. */
  let copy: StateDatabase | null = null;

  function closeCopy(): void {
    copy?.close();
    copy = null;
  }

  function close(): void {
    closeCopy();
    context.close();
  }

  async function attempt<T>(work: (context: DaemonContext) => Promise<T>, mayOpenAnew: boolean): Promise<T> {
    try {
      const done = await work(context.get());
      closeCopy();
      return done;
    } catch (error) {
      if (isDamage(error)) {
        close();
        if (mayOpenAnew) return await attempt(work, false);
      }
      const current = context.current();
      if (current === null || !isUnwritable(error)) throw error;
      copy ??= current.state.copyToMemory();
      return await work({ ...current, state: copy, stateFault: describeError(nameRefusal(error)) });
    }
  }

  return {
    get: () => context.get(),
    async withLock(onWait, work) {
      const release = await acquireSyncLock(node, onWait, LOCK_PATIENCE_MS);
      try {
        if (isMoved(context, node)) close();
        return await attempt(work, true);
      } finally {
        release();
      }
    },
    close,
  };
}

/**
 * A state database that was removed, or replaced by a copy: what is written into it would be lost, and another process
 * may have begun a ledger of its own meanwhile.
 */
function isMoved(context: OpenContext, { log, paths }: NodeContext): boolean {
  if (context.current()?.state.isInPlace() ?? true) return false;
  log.warn(
    { directory: paths.state },
    'the state database was removed or replaced while it was in use; the one that is there now is used, or a new one made',
  );
  return true;
}
