// Names, help texts and labels of the exported metrics.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Seconds; a sync of 100,000 users takes some. */
const BUCKETS = [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300];

export type Instruments = ReturnType<typeof defineMetrics>;

/** Every metric, registered. */
export function defineMetrics(registry: Registry) {
  const makers = makeMakers(registry);
  return {
    ...defineSyncMetrics(makers, registry),
    ...defineStateMetrics(makers),
    ...defineFleetMetrics(makers),
    ...defineSlurmMetrics(makers),
    first: defineFirstNames(makers),
  };
}

type Makers = ReturnType<typeof makeMakers>;

function makeMakers(registry: Registry) {
  const options = <L extends string>(name: string, help: string, labelNames: readonly L[]) => ({
    name: `sunk_agent_${name}`,
    help,
    labelNames,
    registers: [registry],
  });
  return {
    gauge: <L extends string = never>(name: string, help: string, labels: readonly L[] = []): Gauge<L> =>
      new Gauge(options(name, help, labels)),
    counter: <L extends string = never>(name: string, help: string, labels: readonly L[] = []): Counter<L> =>
      new Counter(options(name, help, labels)),
  };
}

function defineSyncMetrics({ gauge, counter }: Makers, registry: Registry) {
  return {
    lastSync: gauge('last_sync_timestamp_seconds', 'When the last sync began'),
    lastComplete: gauge(
      'last_complete_sync_timestamp_seconds',
      'When the last sync began that read the store completely; 0: never',
    ),
    reachable: gauge('store_reachable', 'Whether the store answered the last request'),
    skew: gauge('clock_skew_seconds', 'This node’s clock less the store’s'),
    syncs: counter('syncs_total', 'Syncs by mode and outcome', ['mode', 'outcome']),
    duration: new Histogram({
      name: 'sunk_agent_step_duration_seconds',
      help: 'How long each step of a sync took',
      labelNames: ['step'],
      buckets: BUCKETS,
      registers: [registry],
    }),
    size: gauge(
      'step_size',
      'Size of each step of the last sync: bytes fetched, changes decided, changes applied',
      ['step'],
    ),
    requests: counter('store_requests_total', 'Requests to the store by HTTP status; none: no answer', [
      'status',
    ]),
    retries: counter('store_retries_total', 'Requests that were repeated'),
    changes: counter('changes_total', 'Changes to this node by kind and result', ['kind', 'result']),
  };
}

function defineStateMetrics({ gauge }: Makers) {
  return {
    build: gauge('build_info', 'Always 1; the version that runs', ['version']),
    config: gauge(
      'config_info',
      'Always 1; a hash of the configuration in force, defaults included, which is equal where the settings are',
      ['hash'],
    ),
    snapshot: gauge('snapshot_info', 'Always 1; what the store listed, equal on nodes that agree', [
      'snapshot',
    ]),
    health: gauge('health', '0 healthy, 1 degraded, 2 failing'),
    loginPath: gauge(
      'login_path',
      'What the trial logins show, 1 for one state: proven, failed, unproven, off',
      ['state'],
    ),
    lastProven: gauge(
      'login_path_last_proven_timestamp_seconds',
      'When a trial login last succeeded since the node booted; 0: never, or none is tried',
    ),
    held: gauge('held_changes', 'Changes that the guard holds, by kind: loss, gain, vanished, frozen', [
      'kind',
    ]),
    frozenUntil: gauge('frozen_until_timestamp_seconds', 'Until when this node is frozen; 0: it is not'),
    records: gauge('records', 'Records of the store in the state database', ['kind']),
    accounts: gauge('managed_accounts', 'Managed accounts by state: enabled, disabled', ['state']),
    quarantined: gauge('quarantined_records', 'Records in quarantine by reason', ['reason']),
    refused: gauge('refusals', 'What the policy refuses, by reason', ['reason']),
    keys: gauge('keys', 'Keys that sshd accepts, by type', ['type']),
    earliest: gauge('key_expiry_earliest_timestamp_seconds', 'When the first key expires; 0: none does'),
    latest: gauge('key_expiry_latest_timestamp_seconds', 'When the last key expires; 0: none does'),
    extended: gauge('extended_accounts', 'Accounts whose keys an operator extended'),
    active: gauge('active_accounts', 'Managed accounts that have a process on this node'),
  };
}

/** Only a publisher has values for them; read from the volumes once a minute. */
function defineFleetMetrics({ gauge }: Makers) {
  return {
    followers: gauge('followers', 'Followers by what they report: current, behind, faulty, stale', [
      'standing',
    ]),
    heartbeatsMalformed: gauge('heartbeats_malformed', 'Files among the heartbeats that are none'),
    heartbeatsCut: gauge(
      'heartbeats_cut',
      '1: more heartbeats than are read in a second, so followers are missing',
    ),
    publishedAt: gauge(
      'published_timestamp_seconds',
      'When the manifest on the volume was signed; 0: there is none',
    ),
  };
}

/** Only where Slurm is managed; of its last round, read once a minute. */
function defineSlurmMetrics({ gauge }: Makers) {
  return {
    slurmRound: gauge(
      'slurm_last_round_timestamp_seconds',
      'When Slurm was last compared; 0: never, or it is not managed',
    ),
    slurmSeconds: gauge('slurm_round_seconds', 'How long the last round took that compared Slurm'),
    slurmFailing: gauge(
      'slurm_failing_since_timestamp_seconds',
      'Since when Slurm cannot be compared; 0: it can',
    ),
    slurmAssociations: gauge('slurm_associations', 'Managed associations'),
    slurmFindings: gauge('slurm_findings', 'What is wrong after the last round: failed, held, refused', [
      'kind',
    ]),
  };
}

/** The names of 0.1.0, exported beside those of today for one release. */
function defineFirstNames({ gauge, counter }: Makers) {
  const ends = (name: string): string => `Old name of sunk_agent_${name}; it ends with the next release`;
  return {
    lastPass: gauge('last_pass_timestamp_seconds', ends('last_sync_timestamp_seconds')),
    lastComplete: gauge('last_complete_pass_timestamp_seconds', ends('last_complete_sync_timestamp_seconds')),
    passes: counter('passes_total', ends('syncs_total'), ['mode', 'outcome']),
    accounts: gauge('accounts', ends('managed_accounts'), ['state']),
  };
}
