// Every path of the agent, below one root.
import path from 'node:path';

export interface Paths {
  /** `/` on a real node; a temporary directory elsewhere. */
  readonly root: string;
  /** Directory of the configuration and of the lists that a fleet may share. */
  readonly configDirectory: string;
  readonly config: string;
  /** A copy of the last configuration that was sound, for the day it is broken and a person must be blocked. */
  readonly lastGoodConfig: string;
  readonly credentials: string;
  readonly approved: string;
  readonly blocked: string;
  /** The state directory: 0700, SQLite. */
  readonly state: string;
  /** A file that reserves space, deleted when the disk is full. */
  readonly reserve: string;
  /** Key files, one per name: what sshd and the helper read. */
  readonly keys: string;
  /** What off-boarding has set aside, one directory per uid; 0700. */
  readonly offboarded: string;
  /** The managed sudoers file. */
  readonly sudoers: string;
  /** What a publisher remembers of its last generation. */
  readonly publication: string;
  /** What became of the blocks that operators put on the volume of the followers. */
  readonly offlineBlocks: string;
  readonly run: string;
  /** The deny list: names whose keys the helper must not serve, one empty file per name. */
  readonly denyList: string;
  /** Public keys of trial logins, one file per name, for seconds (`why --try`). */
  readonly trials: string;
  /** Requests of the agent to the canary's service; the group of sunk-canary reads it. */
  readonly canary: string;
  /** What that service answers; its own. */
  readonly canaryAnswers: string;
  /** What the last trial login of the canary showed. */
  readonly loginPath: string;
  readonly status: string;
  /** What the last hourly round over the other name services found. */
  readonly nameRound: string;
  /** What the last round over the Kubernetes Secrets of `publish.secrets` found. */
  readonly secrets: string;
  readonly syncLock: string;
  /** Held by the agent as long as it runs. */
  readonly agentLock: string;
  readonly freeze: string;
  /** Users whose keys an operator extended. */
  readonly extended: string;
  /** Users that operators let into a group for a while. */
  readonly grants: string;
  /** Acts of operators: NDJSON, append-only. */
  readonly audit: string;
  readonly readerSocket: string;
  /** Where the agent answers `doctor`; root's. */
  readonly probeSocket: string;
  /** Where the Slurm worker connects. */
  readonly slurmSocket: string;
  /** What the last round over Slurm found. */
  readonly slurmStatus: string;
  /** In which accounts each person can submit, by the last round. */
  readonly slurmAccounts: string;
  /** Requests to sunk-agent-hook.service, and its answers; 0700. */
  readonly hooks: string;
  /** Services that start again as a person who left, one file per uid. */
  readonly restarting: string;
  /** Who lost sudo and may still have a root shell, one file per uid. */
  readonly rootShells: string;
}

/** All paths of the agent below `root`. */
export function pathsUnder(root: string): Paths {
  const below = (...parts: string[]): string => path.join(root, ...parts);
  return {
    root,
    configDirectory: below('etc/sunk-agent'),
    config: below('etc/sunk-agent/config.yaml'),
    lastGoodConfig: below('var/lib/sunk-agent/config.last-good.yaml'),
    credentials: below('etc/sunk-agent/credentials'),
    approved: below('etc/sunk-agent/approved'),
    blocked: below('etc/sunk-agent/blocked'),
    state: below('var/lib/sunk-agent/cache'),
    reserve: below('var/lib/sunk-agent/reserve'),
    keys: below('var/lib/sunk-agent/authorized_keys'),
    offboarded: below('var/lib/sunk-agent/offboarded'),
    sudoers: below('etc/sudoers.d/sunk-agent'),
    publication: below('var/lib/sunk-agent/publication.json'),
    offlineBlocks: below('var/lib/sunk-agent/offline-blocks.json'),
    run: below('run/sunk-agent'),
    denyList: below('run/sunk-agent/shut'),
    trials: below('run/sunk-agent/trials'),
    canary: below('run/sunk-agent/canary'),
    canaryAnswers: below('run/sunk-agent-canary'),
    loginPath: below('run/sunk-agent/login-path.json'),
    status: below('run/sunk-agent/status.json'),
    nameRound: below('run/sunk-agent/name-round.json'),
    secrets: below('run/sunk-agent/secrets.json'),
    syncLock: below('run/sunk-agent/pass.lock'),
    agentLock: below('run/sunk-agent/agent.lock'),
    freeze: below('var/lib/sunk-agent/freeze'),
    extended: below('var/lib/sunk-agent/extended'),
    grants: below('var/lib/sunk-agent/grants'),
    audit: below('var/lib/sunk-agent/audit.ndjson'),
    readerSocket: below('run/sunk-agent/reader.sock'),
    probeSocket: below('run/sunk-agent/probe.sock'),
    slurmSocket: below('run/sunk-agent/slurm.sock'),
    slurmStatus: below('run/sunk-agent/slurm.json'),
    slurmAccounts: below('run/sunk-agent/slurm-accounts.json'),
    hooks: below('run/sunk-agent/hooks'),
    restarting: below('run/sunk-agent/restarting'),
    rootShells: below('run/sunk-agent/root-shells'),
  };
}
