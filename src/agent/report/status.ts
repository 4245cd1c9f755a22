// status.json: what a monitor needs to know of this node, readable by all, without root and database.
import { readFileSync } from 'node:fs';
import type { infer as Infer } from 'zod';
import { AgentError } from '../../common/errors.ts';
import type { HostLoad } from '../../host/probes/host-load.ts';
import { isSystemError, toSystemError } from '../../common/system-error.ts';
import { describeNotInStore } from './describe-report.ts';
import type { SyncReport } from '../reconcile/sync-report.ts';
import type { statusSchema } from './status-schema.ts';
import { sayCount } from '../../common/count-noun.ts';

export type Status = Infer<typeof statusSchema>;

export interface StatusInput {
  readonly report: SyncReport;
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
  /** When the daemon looks next; null: nobody knows. */
  readonly nextPass: number | null;
  /** null: below another root than `/`. */
  readonly hasSshdDropIn: boolean | null;
  readonly host: HostLoad | null;
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
  degraded.push(...describeNotInStore(report));
  if (report.held.length > 0) {
    const held = report.held.map(({ hash, reason }) => `${hash} (${reason})`).join(', ');
    degraded.push(`changes wait for approval: ${held}`);
  }
  if (report.heard !== null && report.heard.problems.length > 0) {
    degraded.push(report.heard.problems[0]?.detail ?? 'the store answered oddly');
  }
  for (const { detail } of report.heard?.warnings ?? []) degraded.push(detail);
  if (report.counts.quarantined > 0)
    degraded.push(`${sayCount(report.counts.quarantined, 'record is', 'records are')} in quarantine`);
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
    degraded.push(
      `${by.join(', ')} extended the keys of ${sayCount(accounts, 'account')}, until ${time} at the latest`,
    );
  }
  if (input.hasSshdDropIn === false)
    degraded.push('sshd’s drop-in is missing or was changed: sunk-agent doctor says what sshd does');
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
    nextPass: input.nextPass,
    sshd: { dropIn: input.hasSshdDropIn },
    host: input.host === null ? null : showHost(input.host),
    isolation: { agentHasNoNetwork: input.agentHasNoNetwork },
  };
}

/** The facts of the host as the status has them. */
export function showHost({ disks, active, ...rest }: HostLoad): NonNullable<Status['host']> {
  return { ...rest, disks: [...disks], active: active === null ? null : [...active] };
}

/** How long after its time a pass may come, in seconds: the daemon may be in a long one. */
const LATENESS = 900;

/** How long a pass that a command made speaks for the node, in seconds. */
const BY_HAND = 3600;

/** The status as it is now: one that nobody renews any more is a daemon that does not run. */
export function judgeAge(status: Status, now: number): Status {
  const due = status.nextPass === null ? status.writtenAt + BY_HAND : status.nextPass + LATENESS;
  if (now <= due) return status;
  const since = new Date(status.writtenAt * 1000).toISOString().slice(0, 16).replace('T', ' ');
  const reason = `no pass since ${since} (UTC): does the agent run? systemctl status sunk-agent`;
  return { ...status, health: 'failing', reasons: [reason, ...status.reasons] };
}

/**
 * Reads a status file. It is root's own, so its version is looked at and the rest is believed: a schema would cost a
 * monitor more than node itself.
 * @throws AgentError refused, where there is none, it may not be read, or it is not one of this version.
 */
export function readStatus(file: string): Status {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (!(isSystemError(cause) && cause.code === 'ENOENT'))
      throw toSystemError('refused', `cannot read ${file}`, cause);
    const hint = 'is the agent running? systemctl status sunk-agent';
    throw new AgentError('refused', `there is no status at ${file}`, { cause, hint });
  }
  const status = parseObject(text);
  if (status?.version === 1 && Array.isArray(status.reasons) && status.lastPass !== undefined)
    // One of an older build has no host.
    return { host: null, ...status } as Status;
  throw new AgentError('refused', `${file} is not a status of this version`, { hint: 'restart the agent' });
}

function parseObject(text: string): Partial<Status> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}

function toSeconds(milliseconds: number | null): number | null {
  return milliseconds === null ? null : Math.round(milliseconds / 1000);
}
