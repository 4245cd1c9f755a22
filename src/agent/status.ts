// status.json: what a monitor needs to know of this node, readable by all, without root and database.
import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { AgentError } from '../errors.ts';
import type { PassReport } from './report.ts';

const epoch = z.int().describe('epoch seconds');

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
  isolation: z.object({
    /** Whether this process really has no network: measured, not claimed. */
    agentHasNoNetwork: z.boolean(),
  }),
});

export type Status = z.infer<typeof statusSchema>;

export interface StatusInput {
  readonly report: PassReport;
  /** Epoch seconds. */
  readonly now: number;
  readonly mode: Status['mode'];
  readonly baseUrl: string;
  readonly lastHeard: number | null;
  readonly lastComplete: number | null;
  readonly frozenUntil: number;
  /** keys.max_age in seconds. */
  readonly maxAge: number | null;
  readonly agentHasNoNetwork: boolean;
}

/** From the report of the last pass to the status; pure. */
export function statusOf(input: StatusInput): Status {
  const { report, now } = input;
  const failing: string[] = [];
  const degraded: string[] = [];
  if (input.lastComplete === null) failing.push('the store has never been read completely');
  if (report.problems.length > 0)
    failing.push(`the host could not be made to agree: ${report.problems[0] ?? ''}`);
  if (report.failure !== null) degraded.push(`the store could not be heard: ${report.failure.message}`);
  if (report.held.length > 0) {
    const held = report.held.map(({ hash, reason }) => `${hash} (${reason})`).join(', ');
    degraded.push(`changes wait for approval: ${held}`);
  }
  if (report.heard !== null && report.heard.problems.length > 0) {
    degraded.push(report.heard.problems[0]?.detail ?? 'the store answered oddly');
  }
  for (const { detail } of report.heard?.warnings ?? []) degraded.push(detail);
  if (report.counts.quarantined > 0) degraded.push(`${report.counts.quarantined} records are in quarantine`);
  if (
    report.keyExpiry !== null &&
    input.maxAge !== null &&
    report.keyExpiry.earliest - now < input.maxAge * 0.35
  ) {
    degraded.push('some keys have not been confirmed for long and will expire first');
  }
  if (report.extended !== null) {
    const { accounts, until, by } = report.extended;
    const time = new Date(until * 1000).toISOString().slice(0, 16).replace('T', ' ');
    degraded.push(`${by.join(', ')} extended the keys of ${accounts} accounts, until ${time} at the latest`);
  }
  if (input.frozenUntil > now) degraded.push('this node is frozen');
  const health = failing.length > 0 ? 'failing' : degraded.length > 0 ? 'degraded' : 'healthy';
  return {
    version: 1,
    writtenAt: now,
    health,
    reasons: [...failing, ...degraded],
    mode: input.mode,
    store: {
      baseUrl: input.baseUrl,
      lastHeard: input.lastHeard,
      lastComplete: input.lastComplete,
      failure: report.failure,
      skewSeconds: toSeconds(report.heard?.skew ?? null),
    },
    snapshot: report.snapshot,
    counts: report.counts,
    guard: { held: [...report.held], frozenUntil: input.frozenUntil > now ? input.frozenUntil : null },
    keyExpiry: report.keyExpiry,
    extended: report.extended === null ? null : { ...report.extended, by: [...report.extended.by] },
    problems: [...report.problems],
    lastPass: {
      n: report.n,
      at: report.startedAt,
      mode: report.mode,
      changes: report.changes,
      durations: { ...report.durations },
    },
    isolation: { agentHasNoNetwork: input.agentHasNoNetwork },
  };
}

/**
 * Reads and checks a status file.
 * @throws AgentError reader_failed where there is none, or it is not one.
 */
export function readStatus(file: string): Status {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const hint = 'is the agent running? systemctl status sunk-agent';
    throw new AgentError('refused', `there is no status at ${file}`, { cause, hint });
  }
  const parsed = statusSchema.safeParse(JSON.parse(text));
  if (!parsed.success)
    throw new AgentError('refused', `${file} is not a status of this version`, { hint: 'restart the agent' });
  return parsed.data;
}

function toSeconds(milliseconds: number | null): number | null {
  return milliseconds === null ? null : Math.round(milliseconds / 1000);
}
