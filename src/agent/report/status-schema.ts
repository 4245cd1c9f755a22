// The documented shape of status.json and of `sunk-agent status --json`; tests hold every status to it.
import * as z from 'zod';

const epoch = z.int().describe('epoch seconds');
const bytes = z.number().describe('bytes');

/** The documented shape of `sunk-agent status --json`; a new `version` for any change that is not an addition. */
export const statusSchema = z.object({
  version: z.literal(1),
  writtenAt: epoch,
  health: z.enum(['healthy', 'degraded', 'failing']),
  /** The reasons, the worst first; empty when healthy. */
  reasons: z.array(z.string()),
  mode: z.enum(['enforce', 'observe']),
  store: z.object({
    baseUrl: z.string(),
    /** When the store last answered a pass; null: never. */
    lastHeard: epoch.nullable(),
    lastComplete: epoch.nullable(),
    failure: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
    skewSeconds: z.number().nullable(),
  }),
  snapshot: z.string(),
  counts: z.object({
    users: z.int(),
    groups: z.int(),
    accountsOpen: z.int(),
    accountsClosed: z.int(),
    quarantined: z.int(),
    refused: z.int(),
  }),
  guard: z.object({
    held: z.array(
      z.object({ hash: z.string(), reason: z.string(), changes: z.int(), actsAt: epoch.nullable() }),
    ),
    frozenUntil: epoch.nullable(),
  }),
  keyExpiry: z.object({ earliest: epoch, latest: epoch }).nullable(),
  /** Whose keys live on by an operator's word (`sunk-agent extend`). */
  extended: z.object({ accounts: z.int(), until: epoch, by: z.array(z.string()) }).nullable(),
  problems: z.array(z.string()),
  lastPass: z.object({
    n: z.int(),
    at: epoch,
    mode: z.enum(['full', 'delta', 'event', 'cache']),
    changes: z.object({ planned: z.int(), done: z.int(), failed: z.int(), held: z.int() }),
    durations: z.record(z.string(), z.number()),
  }),
  /** When the daemon means to look next; null: a command made this pass, and nobody said what comes. */
  nextPass: epoch.nullable(),
  sshd: z.object({
    /**
     * Whether our drop-in is in place, word by word; what sshd then does, `sunk-agent doctor` asks. null below another
     * root than `/`, where no sshd is.
     */
    dropIn: z.boolean().nullable(),
  }),
  /** Facts of the machine, at most five minutes old when the pass ended; null: of a build that took none. */
  host: z
    .object({
      at: epoch,
      /** Averaged over a minute. */
      load: z.number(),
      processors: z.int(),
      memory: z.object({ available: bytes, total: bytes }),
      /** Of the state folder and of the homes, in that order. */
      disks: z.array(
        z.object({
          path: z.string(),
          free: bytes,
          size: bytes,
          /** Why it could not be looked at; then the figures are 0. null: it was. */
          fault: z.string().nullable(),
        }),
      ),
      /** Names of managed people who run something there; null where that cannot be told. */
      active: z.array(z.string()).nullable(),
    })
    .nullable(),
  isolation: z.object({
    /** Whether this process really has no network: measured, not claimed. */
    agentHasNoNetwork: z.boolean(),
  }),
});
