// Opens what a pass needs: configuration, mirror, host and judge, all under one root.
import { readFileSync } from 'node:fs';
import type { Config } from '../config.ts';
import { loadConfig } from '../config.ts';
import { createFailureLog, type FailureLog } from './failures.ts';
import { type HeardBefore, rememberHeard } from './hear/heard-before.ts';
import { type Host, openHost } from '../host/host.ts';
import { createLogger, type Logger } from '../log.ts';
import { type HostLoadWatch, watchHostLoad } from './report/host-load.ts';
import { type Mirror, openMirror } from '../mirror/mirror.ts';
import { type Paths, pathsUnder } from '../paths.ts';
import { createJudge, type ResourceJudge } from '../scim/read-resource.ts';
import type { Reader } from '../scim/reader.ts';
import { nameNode } from './pass-lock.ts';
import type { Progress } from './progress.ts';
import { type Settled, watchSettled } from './settled.ts';

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

export interface Place {
  readonly config: Config;
  readonly configFile: string;
  readonly paths: Paths;
  readonly log: Logger;
}

/**
 * Where this command works: root, configuration and log.
 * @throws AgentError config_missing, config_invalid
 */
export function openPlace(options: { root: string; config: string | undefined }): Place {
  const paths = pathsUnder(options.root);
  const configFile = options.config ?? paths.config;
  return { config: loadConfig(configFile), configFile, paths, log: createLogger('agent') };
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

/**
 * Whether this process has no interface but loopback, which is how PrivateNetwork= and unshare --net look from inside.
 * Read from /proc, since RestrictAddressFamilies=AF_UNIX forbids the netlink socket that os.networkInterfaces needs.
 */
export function hasNoNetwork(): boolean {
  const interfaces = readFileSync('/proc/self/net/dev', 'utf8')
    .split('\n')
    .flatMap((line) => /^\s*([^:\s]+):/.exec(line)?.[1] ?? []);
  return interfaces.every((name) => name === 'lo');
}
