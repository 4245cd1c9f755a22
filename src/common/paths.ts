// Where everything lies, under one root.
import path from 'node:path';

export interface Paths {
  /** `/` on a real node; a throwaway folder elsewhere. */
  readonly root: string;
  /** Folder of the configuration and of the lists that a fleet may share. */
  readonly configDirectory: string;
  readonly config: string;
  readonly credentials: string;
  readonly approved: string;
  readonly blocked: string;
  /** The state folder: 0700, SQLite. */
  readonly state: string;
  /** A file that only takes room, given up where the disk is full. */
  readonly reserve: string;
  /** Key files, one a name: what sshd and the helper read. */
  readonly keys: string;
  /** What off-boarding has put aside, one folder a uid; 0700. */
  readonly offboarded: string;
  readonly run: string;
  /** Who gets no key whatever the key files say, an empty file a name. */
  readonly denyList: string;
  readonly status: string;
  readonly syncLock: string;
  readonly freeze: string;
  /** Whose keys an operator extended. */
  readonly extended: string;
  /** What operators did by hand: NDJSON, only ever appended to. */
  readonly audit: string;
  readonly readerSocket: string;
  /** Requests to sunk-agent-hook.service, and its answers; 0700. */
  readonly hooks: string;
}

/** All paths of the agent below `root`. */
export function pathsUnder(root: string): Paths {
  const below = (...parts: string[]): string => path.join(root, ...parts);
  return {
    root,
    configDirectory: below('etc/sunk-agent'),
    config: below('etc/sunk-agent/config.yaml'),
    credentials: below('etc/sunk-agent/credentials'),
    approved: below('etc/sunk-agent/approved'),
    blocked: below('etc/sunk-agent/blocked'),
    state: below('var/lib/sunk-agent/cache'),
    reserve: below('var/lib/sunk-agent/reserve'),
    keys: below('var/lib/sunk-agent/authorized_keys'),
    offboarded: below('var/lib/sunk-agent/offboarded'),
    run: below('run/sunk-agent'),
    denyList: below('run/sunk-agent/shut'),
    status: below('run/sunk-agent/status.json'),
    syncLock: below('run/sunk-agent/pass.lock'),
    freeze: below('var/lib/sunk-agent/freeze'),
    extended: below('var/lib/sunk-agent/extended'),
    audit: below('var/lib/sunk-agent/audit.ndjson'),
    readerSocket: below('run/sunk-agent/reader.sock'),
    hooks: below('run/sunk-agent/hooks'),
  };
}
