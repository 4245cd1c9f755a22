// Opens what a pass needs: configuration, mirror, host and judge, all under one root.
import type { Config } from '../../config/config.ts';
import { createFailureLog, type FailureLog } from './failure-log.ts';
import { type HeardBefore, rememberHeard } from '../ingest/page-memo.ts';
import { type Host, openHost } from '../../host/host.ts';
import type { Logger } from '../../common/log.ts';
import { type HostLoadWatch, watchHostLoad } from '../../host/probes/host-load-watch.ts';
import { type Mirror, openMirror } from '../../state/state.ts';
import type { Paths } from '../../common/paths.ts';
import { createJudge, type ResourceJudge } from '../ingest/judge-resource.ts';
import type { Reader } from '../reader-client/reader-client.ts';
import type { Place } from '../node-context.ts';
import { nameNode } from './file-lock.ts';
import type { Progress } from '../progress.ts';
import { type Settled, watchSettled } from './change-detector.ts';

/** What a pass works with. */
export interface PassParts {
  readonly config: Config;
  readonly paths: Paths;
  readonly mirror: Mirror;
  /** Why the cache cannot be written, so that `mirror` is a copy of it and nothing is granted; null: it can. */
  readonly cacheFault: string | null;
  readonly host: Host;
  readonly judge: ResourceJudge;
  readonly heardBefore: HeardBefore;
  /** null: nobody is asked; the pass works from the cache. */
  readonly reader: Reader | null;
  readonly settled: Settled;
  readonly log: Logger;
  readonly failures: FailureLog;
  readonly hostLoad: HostLoadWatch;
  /** The clock, epoch milliseconds. */
  readonly clock: () => number;
  /** Absent: nobody watches. */
  readonly onProgress?: Progress;
}

/**
 * Everything but the reader. The caller closes `mirror`.
 * @throws AgentError state_folder
 */
export function openParts(place: Place): Omit<PassParts, 'reader'> {
  const { config, paths, log } = place;
  const clock = Date.now;
  const mirror = openMirror(paths.state, Math.floor(clock() / 1000), nameNode(paths.passLock));
  if (mirror.setAside !== null) {
    log.error(
      { file: mirror.setAside },
      'the cache was damaged and set aside; it is rebuilt from the store and the host',
    );
  }
  return {
    config,
    paths,
    log,
    failures: createFailureLog(log),
    mirror,
    cacheFault: null,
    clock,
    settled: watchSettled(paths, config.accounts, mirror),
    host: openHost({ paths, config }),
    hostLoad: watchHostLoad(paths, config, mirror),
    judge: createJudge(config.scim.attributes),
    heardBefore: rememberHeard(),
  };
}
