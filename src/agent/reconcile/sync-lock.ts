// A turn to change this node: alone, and with what room there is.
import { giveRoom, keepReserve } from '../../host/fs/reserve.ts';
import { takePassLock } from './file-lock.ts';
import type { Place } from '../node-context.ts';

/**
 * Waits for the pass lock, and has room on a full disk.
 * @param onWait called once when somebody else has the turn.
 * @param patience milliseconds to wait at most.
 * @returns a function that ends the turn.
 * @throws AgentError lock_busy, host_write
 */
export async function takeTurn(
  { paths, log }: Pick<Place, 'paths' | 'log'>,
  onWait: () => void,
  patience: number,
): Promise<() => void> {
  const release = await takePassLock(paths.passLock, onWait, patience);
  if (giveRoom(paths.reserve))
    log.warn({ file: paths.reserve }, 'the disk is full: the reserve is given up while a pass runs');
  return () => {
    keepReserve(paths.reserve);
    release();
  };
}
