// What a daemon's syncs work with, for its life; opened anew where the cache is damaged, or is no longer the one it opened.
import { describeError } from '../../common/errors.ts';
import { giveRoom } from '../../host/fs/reserve.ts';
import { isDamage } from '../../state/database.ts';
import type { StateDatabase } from '../../state/state.ts';
import { isUnwritable } from '../../common/sqlite-error.ts';
import { nameRefusal } from '../../common/system-error.ts';
import type { NodeContext } from '../node-context.ts';
import { openSyncContext, type SyncContext } from '../reconcile/context.ts';
import { acquireSyncLock } from '../reconcile/sync-lock.ts';

/** A process that holds the sync lock for longer than this is stuck. */
export const LOCK_PATIENCE_MS = 60_000;

type Parts = Omit<SyncContext, 'reader'>;

export interface ContextKeeper {
  /**
   * Opens them if they are not open.
   * @throws AgentError state_folder
   */
  get(): Parts;
  /**
   * Does `work` with the sync lock held. Where it meets damage, it is done again with parts that are opened anew: the
   * cache is checked whole then, set aside and rebuilt. Where the cache can be read and not be written, it is done again
   * with a copy in memory, which lasts until the file can be written: revocations go on all the same.
   * @param onWait called when another process holds the lock.
   * @throws AgentError lock_busy, host_write, state_folder, and what `work` throws.
   */
  pass<T>(onWait: () => void, work: (context: Parts) => Promise<T>): Promise<T>;
  /** Closes them; when they are opened again the cache is checked whole, and set aside if it is damaged. */
  drop(): void;
}

/** @throws AgentError state_folder */
export function keepContext(node: NodeContext): ContextKeeper {
  let context: Parts | null = open();
  /** Of the state database, with what syncs did since it could not be written. */
  let copy: StateDatabase | null = null;

  const get = (): Parts => (context ??= open());

  /** Also without the sync lock: opening the state database takes room. The next holder of the lock takes the reserve back. */
  function open(): Parts {
    giveRoom(node.paths.reserve);
    return openSyncContext(node);
  }

  function drop(): void {
    dropCopy();
    context?.state.close();
    context = null;
  }

  function dropCopy(): void {
    copy?.close();
    copy = null;
  }

  /**
   * A cache that was removed, or replaced by a copy: what is written into it would be lost, and another process may have
   * begun a ledger of its own meanwhile.
   */
  function dropIfMoved(): void {
    if (context === null || context.state.isInPlace()) return;
    node.log.warn(
      { folder: node.paths.state },
      'the cache was taken away or replaced while it was in use; what lies there now is used, or made anew',
    );
    drop();
  }

  async function doWith<T>(work: (context: Parts) => Promise<T>, mayOpenAnew: boolean): Promise<T> {
    try {
      const done = await work(get());
      dropCopy();
      return done;
    } catch (error) {
      if (isDamage(error)) {
        drop();
        if (mayOpenAnew) return await doWith(work, false);
      }
      if (context === null || !isUnwritable(error)) throw error;
      copy ??= context.state.copyToMemory();
      return await work({ ...context, state: copy, stateFault: describeError(nameRefusal(error)) });
    }
  }

  return {
    get,
    async pass(onWait, work) {
      const release = await acquireSyncLock(node, onWait, LOCK_PATIENCE_MS);
      try {
        dropIfMoved();
        return await doWith(work, true);
      } finally {
        release();
      }
    },
    drop,
  };
}
