// The daemon's sync context: opened at the first request, and opened again after it was closed.
import { giveRoom } from '../../host/fs/reserve.ts';
import type { NodeContext } from '../node-context.ts';
import { openSyncContext, type SyncContext } from '../reconcile/context.ts';

/** All of it but the reader, which comes and goes. */
export type DaemonContext = Omit<SyncContext, 'reader'>;

export interface OpenContext {
  /**
   * Opens it if it is not open.
   * @throws AgentError state_folder
   */
  get(): DaemonContext;
  /** null: it is closed. */
  current(): DaemonContext | null;
  /** When it is opened again the state database is checked whole, and set aside if it is damaged. */
  close(): void;
}

/** @throws AgentError state_folder */
export function openDaemonContext(node: NodeContext): OpenContext {
  let context: DaemonContext | null = open();

  /** Also without the sync lock: opening the state database takes room. The next holder of the lock takes the reserve back. */
  function open(): DaemonContext {
    giveRoom(node.paths.reserve);
    return openSyncContext(node);
  }

  return {
    get: () => (context ??= open()),
    current: () => context,
    close() {
      context?.state.close();
      context = null;
    },
  };
}
