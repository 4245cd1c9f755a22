// Notices at once what operators, or a fleet's configuration, write into the lists: a block acts before the next sync.
import { type FSWatcher, watch } from 'node:fs';
import { AgentError, describeError } from '../../common/errors.ts';
import { nameRefusal } from '../../common/system-error.ts';
import { stampFiles } from '../../host/fs/file-stamp.ts';
import type { Applied } from '../../host/host.ts';
import type { NodeContext } from '../node-context.ts';
import type { SyncContext } from '../reconcile/context.ts';
import { judgeGrants } from '../overrides/grants.ts';
import { readOperatorFiles } from '../overrides/operator-files.ts';
import { type LostKey, recordLostKeys, revokeNow } from '../operator/revoke-now.ts';

/** For lists on a mount that reports no changes, and for grants that end, in milliseconds. */
const LOOK_EVERY_MS = 5000;

export interface ListWatch {
  close(): void;
}

/**
 * @param context as they are when a person has to be revoked.
 * @param unrecorded takes what was revoked, for the history of the next sync.
 * @param onChange a list is another than it was: time for a sync. People who were newly blocked are revoked by then.
 */
export function watchLists(
  { paths, config, log }: Pick<NodeContext, 'paths' | 'config' | 'log'>,
  context: () => Pick<SyncContext, 'host' | 'state'>,
  unrecorded: Applied[],
  onChange: () => void,
): ListWatch {
  const files = [paths.blocked, paths.approved, paths.freeze, paths.extended, paths.grants];
  // A grant ends by time alone, and what it gave goes with the next sync.
  const stamp = (): string => `${stampFiles(files)} ${listInForce(paths.grants)}`;
  let seen = stamp();
  let blocked = new Set(readOperatorFiles(paths).blocked);
  let acting = Promise.resolve();

  async function act(entries: readonly string[]): Promise<void> {
    for (const entry of entries) {
      try {
        const { host, state } = context();
        const { names, applied, problems, lost } = await revokeNow(entry, config, host, state);
        unrecorded.push(...applied);
        log.warn({ entry, names, problems }, 'blocked: access revoked');
        tryToRecord(state, lost);
      } catch (error) {
        if (!(error instanceof AgentError)) throw error;
        log.warn({ entry }, describeError(error));
      }
    }
  }

  /** The revocation is done and the sync that follows must come, whatever the disk says. */
  function tryToRecord(state: SyncContext['state'], lost: readonly LostKey[]): void {
    try {
      recordLostKeys(state, lost);
    } catch (error) {
      log.warn(`the first owners of keys are not recorded: ${describeError(nameRefusal(error))}`);
    }
  }

  function look(): void {
    const now = stamp();
    if (now === seen) return;
    seen = now;
    const list = readOperatorFiles(paths).blocked;
    const fresh = list.filter((entry) => !blocked.has(entry));
    blocked = new Set(list);
    acting = acting
      .then(() => act(fresh))
      .then(onChange, (error: unknown) => log.error(describeError(error)));
  }

  const watchers = watchListDirectory(paths.configDirectory, look);
  const timer = setInterval(look, LOOK_EVERY_MS);
  timer.unref();
  return {
    close() {
      clearInterval(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}

function listInForce(file: string): string {
  const grants = judgeGrants(file, Math.floor(Date.now() / 1000), 0);
  return grants.flatMap(({ inForce }, n) => (inForce ? [n] : [])).join();
}

/** inotify(7) on the directory: a list is replaced by rename, or by the link that a ConfigMap swaps. */
function watchListDirectory(directory: string, look: () => void): FSWatcher[] {
  try {
    const watcher = watch(directory, { persistent: false }, look);
    // Without it the timer looks all the same.
    watcher.on('error', () => watcher.close());
    return [watcher];
  } catch {
    return [];
  }
}
