// The sync lock: one process changes this node at a time; on a full disk it releases the reserve meanwhile.
import { giveRoom, keepReserve } from '../../host/fs/reserve.ts';
import { acquireFileLock } from './file-lock.ts';
import type { NodeContext } from '../node-context.ts';

/**
 * Waits for the sync lock, and makes room on a full disk.
 * @param onWait called once when another process has the lock.
 * @param patience milliseconds to wait at most.
 * @returns a function that releases the lock and takes the reserve again.
 * @throws AgentError lock_busy, host_write
 */
export async function acquireSyncLock(
  { paths, log }: Pick<NodeContext, 'paths' | 'log'>,
  onWait: () => void,
  patience: number,
): Promise<() => void> {
  const release = await acquireFileLock(paths.syncLock, onWait, patience);
  if (giveRoom(paths.reserve))
    log.warn({ file: paths.reserve }, 'the disk is full: the reserve is given up while a sync runs');
  return () => {
    keepReserve(paths.reserve);
    release();
  };
}
