// Opens what a sync needs: configuration, state database, host and judge, all under one root.
import { AgentError } from '../../common/errors.ts';
import type { Config } from '../../config/config.ts';
import { createFailureLog, type FailureLog } from './failure-log.ts';
import { type Host, openHost } from '../../host/host.ts';
import type { Logger } from '../../common/log.ts';
import { findUnmounted } from '../../host/probes/unmounted.ts';
import { findActiveUids } from '../../host/sessions/find-processes.ts';
import { type HostLoadWatch, watchHostLoad } from '../../host/probes/host-load-watch.ts';
import { type StateDatabase, openStateDatabase } from '../../state/state.ts';
import { restrictVolume } from './volume-rights.ts';
import type { Paths } from '../../common/paths.ts';
import { createJudge, type ResourceJudge } from '../ingest/judge-resource.ts';
import type { Reader } from '../reader-client/reader-client.ts';
import type { NodeContext } from '../node-context.ts';
import { nameNode } from './file-lock.ts';
import type { Progress } from '../progress.ts';
import { type ChangeDetector, createChangeDetector } from './change-detector.ts';

/** What a sync works with. */
export interface SyncContext {
  readonly config: Config;
  readonly paths: Paths;
  readonly state: StateDatabase;
  /** Why the state database cannot be written, so that `state` is a copy of it and no access is granted; null: it can. */
  readonly stateFault: string | null;
  readonly host: Host;
  readonly judge: ResourceJudge;
  /** null: the store is not asked; the sync works from the state database. */
  readonly reader: Reader | null;
  readonly changes: ChangeDetector;
  readonly log: Logger;
  readonly failures: FailureLog;
  readonly hostLoad: HostLoadWatch;
  /** The clock, epoch milliseconds. */
  readonly clock: () => number;
  /** SCIM ids of people that the command which syncs has just unblocked; absent: it is no such command. */
  readonly unblocked?: readonly string[];
  /** Absent: nothing watches. */
  readonly onProgress?: Progress;
  /** Called once the store has been asked, or could not be. */
  readonly onFetched?: () => void;
}

/** A new ledger there would give the uids of people to others. */
function refuseUnmounted({ root, state }: Paths): void {
  const point = findUnmounted(root, state);
  if (point === null) return;
  throw new AgentError(
    'state_folder',
    `${point} is in /etc/fstab and not mounted, so ${state} is not the real one`,
    {
      hint: `mount ${point}, then systemctl restart sunk-agent`,
    },
  );
}

/** A throwaway root has no processes of its own, and the people of a publisher live in other pods. */
function hasOwnProcesses({ paths, config }: Pick<NodeContext, 'paths' | 'config'>): boolean {
  return paths.root === '/' && config.accounts.backend !== 'publish';
}

/**
 * Everything but the reader. The caller closes `state`.
 * @throws AgentError state_folder
 */
export function openSyncContext(node: NodeContext): Omit<SyncContext, 'reader'> {
  const { config, paths, log } = node;
  const clock = Date.now;
  refuseUnmounted(paths);
  restrictVolume(paths);
  const state = openStateDatabase(paths.state, Math.floor(clock() / 1000), nameNode(paths.syncLock));
  if (state.setAside !== null) {
    log.error(
      { file: state.setAside },
      'the state database was damaged and set aside; it is rebuilt from the store and the host',
    );
  }
  return {
    config,
    paths,
    log,
    failures: createFailureLog(log),
    state,
    stateFault: null,
    clock,
    changes: createChangeDetector(paths, config.accounts, state, () =>
      hasOwnProcesses(node) ? findActiveUids() : new Set(),
    ),
    host: openHost({ paths, config }),
    hostLoad: watchHostLoad(paths, config, state),
    judge: createJudge(config.scim.attributes),
  };
}
