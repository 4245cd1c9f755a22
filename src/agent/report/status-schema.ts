// The documented shape of status.json and of `sunk-agent status --json`; tests hold every status to it.
import * as z from 'zod';
import { slurmStatusSchema } from '../slurm/slurm-status.ts';

const epoch = z.int().describe('epoch seconds');
const bytes = z.number().describe('bytes');

const counts = z.object({
  users: z.int(),
  groups: z.int(),
  /** Managed accounts with a line that lets in, whatever is planned or held. */
  accountsEnabled: z.int(),
  accountsDisabled: z.int(),
  quarantined: z.int(),
  refused: z.int(),
});

const store = z.object({
  baseUrl: z.string(),
  /** When the store last answered a sync; null: never. */
  lastContact: epoch.nullable(),
  /** When the last sync began that read the store completely; null: never. */
  lastComplete: epoch.nullable(),
  failure: z
    .object({
      code: z.string(),
      message: z.string(),
      hint: z.string(),
      /** With `store_busy`: the pause that the store asked for, bounded by `scim.max_wait`; epoch milliseconds. */
      pause: z.object({ since: z.number(), until: z.number() }).optional(),
    })
    .nullable(),
  skewSeconds: z.number().nullable(),
});

const lastSync = z.object({
  n: z.int(),
  at: epoch,
  /** `state`: from the records of the state database, without a request to the store. */
  mode: z.enum(['full', 'delta', 'event', 'state']),
  changes: z.object({ planned: z.int(), done: z.int(), failed: z.int(), held: z.int() }),
  durations: z.record(z.string(), z.number()),
});

/** Facts of the machine, at most five minutes old when the sync ended. */
const host = z.object({
  at: epoch,
  /** Averaged over a minute. */
  load: z.number(),
  processors: z.int(),
  memory: z.object({ available: bytes, total: bytes }),
  /** Of the state directory and of the homes, in that order. */
  disks: z.array(
    z.object({
      path: z.string(),
      free: bytes,
      size: bytes,
      /** Why the probe failed; the figures are then 0. null: it did not. */
      fault: z.string().nullable(),
    }),
  ),
  /** Names of managed accounts that have a process on the node; null where that is not known. */
  active: z.array(z.string()).nullable(),
});

/** Version 2. A change that is not an addition gets a new `schema_version`. */
const currentSchema = z.object({
  schema_version: z.literal(2),
  writtenAt: epoch,
  health: z.enum(['healthy', 'degraded', 'failing']),
  /** What it would be without the login path. Builds before left it and `loginPath` out. */
  syncHealth: z.enum(['healthy', 'degraded', 'failing']).optional(),
  /** What the trial logins of the canary say; null: none is tried on a node like this one. */
  loginPath: z
    .object({
      state: z.enum(['proven', 'failed', 'unproven', 'off']),
      /** When the last one was tried; null: none was. */
      at: epoch.nullable(),
      /** When one last succeeded since the node booted; null: never. */
      lastProven: epoch.nullable(),
      step: z.enum(['connect', 'authenticate', 'account', 'session', 'shell']).nullable(),
      /** Empty if proven. */
      reason: z.string(),
    })
    .nullable()
    .optional(),
  /** What the last round over Slurm found; absent: Slurm is not managed. */
  slurm: slurmStatusSchema.optional(),
  /** The reasons, the worst first; empty when healthy. */
  reasons: z.array(z.string()),
  mode: z.enum(['enforce', 'observe']),
  store,
  snapshot: z.string(),
  counts,
  guard: z.object({
    held: z.array(
      z.object({ hash: z.string(), reason: z.string(), changes: z.int(), actsAt: epoch.nullable() }),
    ),
    frozenUntil: epoch.nullable(),
  }),
  keyExpiry: z.object({ earliest: epoch, latest: epoch }).nullable(),
  /** Grants in force (`sunk-agent grant`); absent: there is none. */
  grants: z
    .array(
      z.object({
        name: z.string(),
        group: z.string(),
        until: epoch,
        by: z.string(),
        reason: z.string(),
      }),
    )
    .optional(),
  /** Accounts whose keys an operator extended (`sunk-agent extend`). */
  extended: z.object({ accounts: z.int(), until: epoch, by: z.array(z.string()) }).nullable(),
  /** Whose home is not safe to log in to, so that no key is served; at most 20. A build without it: not known. */
  homes: z.array(z.string()).optional(),
  problems: z.array(z.string()),
  /** The first users and groups that were created again at the store and are refused here; builds before left it out. */
  stranded: z
    .array(
      z.object({ kind: z.enum(['account', 'group']), name: z.string(), from: z.string(), to: z.string() }),
    )
    .optional(),
  lastSync,
  /** When the daemon starts the next sync; null: a command ran the last one, so the next is not known. */
  nextSync: epoch.nullable(),
  /** The daemon that wrote it, by which `status` tells that it has ended; null: a command. Builds before left it out. */
  daemon: z.object({ pid: z.int(), started: z.int(), namespace: z.string() }).nullable().optional(),
  sshd: z.object({
    /**
     * Whether sunk-agent's drop-in is in place, byte for byte. `sunk-agent doctor` reports what sshd does with it. null
     * below another root than `/`, where no sshd is.
     */
    dropIn: z.boolean().nullable(),
  }),
  host: host.nullable(),
  isolation: z.object({
    /** Whether this process has no network: measured. */
    agentHasNoNetwork: z.boolean(),
  }),
});

/**
 * Version 2, and beside each renamed field its name of version 1 with the same value, for readers of 0.1.0. The old
 * names go with the next release:
 *
 * | version 1             | version 2                |
 * |-----------------------|--------------------------|
 * | version               | schema_version           |
 * | store.lastHeard       | store.lastContact        |
 * | counts.accountsOpen   | counts.accountsEnabled   |
 * | counts.accountsClosed | counts.accountsDisabled  |
 * | lastPass              | lastSync                 |
 * | lastPass.mode `cache` | lastSync.mode `state`    |
 * | nextPass              | nextSync                 |
 */
export const statusSchema = currentSchema.extend({
  /** Always 1: every field of version 1 is there. */
  version: z.literal(1),
  store: store.extend({ lastHeard: epoch.nullable() }),
  counts: counts.extend({ accountsOpen: z.int(), accountsClosed: z.int() }),
  lastPass: lastSync.extend({ mode: z.enum(['full', 'delta', 'event', 'cache']) }),
  nextPass: epoch.nullable(),
});

export type CurrentStatus = z.infer<typeof currentSchema>;
export type Status = z.infer<typeof statusSchema>;
/** What 0.1.0 wrote; builds before it left `host` out. */
export type FirstStatus = Pick<Status, 'version' | 'lastPass' | 'nextPass'> &
  Omit<CurrentStatus, 'schema_version' | 'store' | 'counts' | 'lastSync' | 'nextSync' | 'host'> & {
    readonly store: Omit<Status['store'], 'lastContact'>;
    readonly counts: Omit<Status['counts'], 'accountsEnabled' | 'accountsDisabled'>;
    readonly host?: Status['host'];
  };
