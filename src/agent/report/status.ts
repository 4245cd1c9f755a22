// status.json: what a monitor needs to know of this node, readable by all, without root and database.
import { describeStranded } from './describe-stranded.ts';
import { readFileSync } from 'node:fs';
import { sayCount } from '../../common/text/count-noun.ts';
import { AgentError } from '../../common/errors.ts';
import { sayMinute } from '../../common/text/relative-time.ts';
import { isSystemError, toSystemError } from '../../common/system-error.ts';
import { type DaemonIdentity, hasEnded } from './daemon-identity.ts';
import type { FormerRoot } from '../../host/sudo/had-root.ts';
import type { HostLoad } from '../../host/probes/host-load.ts';
import type { SyncReport } from '../reconcile/sync-report.ts';
import type { NameRound } from '../reconcile/name-round.ts';
import { describeNotInStore } from './describe-report.ts';
import { describeOverrides, describeTakeover } from './describe-undecided.ts';
import { addCurrentNames, addFirstNames } from './status-names.ts';
import type { FirstStatus, Status } from './status-schema.ts';

export type { Status } from './status-schema.ts';

export interface StatusInput {
  readonly report: SyncReport;
  /** Epoch seconds. */
  readonly now: number;
  readonly mode: Status['mode'];
  readonly baseUrl: string;
  /** Epoch seconds; null: never. */
  readonly lastContact: number | null;
  /** Epoch seconds; null: never. */
  readonly lastComplete: number | null;
  readonly frozenUntil: number;
  /** Of each record in quarantine, who it is and why. */
  readonly quarantined: readonly string[];
  /** keys.max_age in seconds. */
  readonly maxAge: number | null;
  readonly agentHasNoNetwork: boolean;
  /** When the daemon starts the next sync; null: not known. */
  readonly nextSync: number | null;
  /** null: below another root than `/`. */
  readonly hasSshdDropIn: boolean | null;
  readonly host: HostLoad | null;
  /** null: no round since the node booted. */
  readonly nameRound: NameRound | null;
  /** What is wrong with the Kubernetes Secrets; empty where there are none to fill. */
  readonly secrets: readonly string[];
  /** The daemon that writes it; null: a command. */
  readonly daemon: DaemonIdentity | null;
  /** Who was root here and lost sudo, where it cannot be known that no root shell is left. */
  readonly formerRoot: readonly FormerRoot[];
}

/** From the report of the last sync to the status; pure. */
export function statusOf(input: StatusInput): Status {
  const { report, now } = input;
  const failing = listFailing(input);
  const degraded = listDegraded(input);
  return addFirstNames({
    schema_version: 2,
    writtenAt: now,
    health: failing.length > 0 ? 'failing' : degraded.length > 0 ? 'degraded' : 'healthy',
    reasons: [...failing, ...degraded],
    mode: input.mode,
    store: {
      baseUrl: input.baseUrl,
      lastContact: input.lastContact,
      lastComplete: input.lastComplete,
      failure: report.failure,
      skewSeconds: toSeconds(report.fetched?.skew ?? null),
    },
    snapshot: report.snapshot,
    counts: report.counts,
    guard: { held: [...report.held], frozenUntil: input.frozenUntil > now ? input.frozenUntil : null },
    keyExpiry: report.keyExpiry,
    extended: report.extended === null ? null : { ...report.extended, by: [...report.extended.by] },
    ...(report.grants === undefined ? {} : { grants: [...report.grants] }),
    homes: [...(report.homes ?? [])],
    problems: [...report.problems],
    stranded: [...(report.stranded?.first ?? [])],
    lastSync: {
      n: report.n,
      at: report.startedAt,
      mode: report.mode,
      changes: report.changes,
      durations: { ...report.durations },
    },
    nextSync: input.nextSync,
    daemon: input.daemon,
    sshd: { dropIn: input.hasSshdDropIn },
    host: input.host === null ? null : showHost(input.host),
    isolation: { agentHasNoNetwork: input.agentHasNoNetwork },
  });
}

function listFailing({ report, lastComplete }: StatusInput): string[] {
  const failing: string[] = [];
  if (lastComplete === null) failing.push('the store has never been read completely');
  if (report.problems.length > 0) failing.push(`a change to this node failed: ${report.problems[0] ?? ''}`);
  return failing;
}

function listDegraded({
  report,
  now,
  mode,
  maxAge,
  hasSshdDropIn,
  frozenUntil,
  quarantined,
  nameRound,
  secrets,
  formerRoot,
}: StatusInput): string[] {
  const { failure, held, fetched, counts, keyExpiry, extended } = report;
  const degraded: string[] = [];
  if (failure !== null) degraded.push(`the store could not be read: ${failure.message}`);
  degraded.push(...describeNotInStore(report), ...describeStranded(report));
  degraded.push(
    ...(report.homes ?? []).slice(0, NAMED).map((home) => `home of ${home} (sunk-agent why NAME)`),
  );
  // An agent that only observes moves nothing.
  if (mode === 'enforce') degraded.push(...describeTakeover(report.refusals));
  degraded.push(...describeOverrides(report.refusals));
  if (held.length > 0) {
    const sets = held.map(({ hash, reason }) => `${hash} (${reason})`).join(', ');
    degraded.push(`changes wait for approval: ${sets}`);
  }
  if (fetched !== null && fetched.problems.length > 0)
    degraded.push(fetched.problems[0]?.detail ?? 'the answer of the store was unsound');
  for (const { detail } of fetched?.warnings ?? []) degraded.push(detail);
  if (counts.quarantined > 0) degraded.push(describeQuarantine(counts.quarantined, quarantined));
  if (keyExpiry !== null && maxAge !== null && keyExpiry.earliest - now < maxAge * 0.35)
    degraded.push('the store has not confirmed some keys for long, and they will expire first');
  if (extended !== null)
    degraded.push(
      `${extended.by.join(', ')} extended the keys of ${sayCount(extended.accounts, 'account')}, until ${sayMinute(extended.until)} at the latest`,
    );
  if (hasSshdDropIn === false)
    degraded.push('the drop-in of sshd is missing or was changed: sunk-agent doctor reports what sshd does');
  for (const { name, until } of formerRoot.slice(0, NAMED))
    degraded.push(`${name} had root here until ${sayMinute(until)} (UTC): recreate this pod`);
  if (frozenUntil > now) degraded.push('this node is frozen');
  degraded.push(...describeRound(nameRound), ...secrets);
  return degraded;
}

function describeRound(round: NameRound | null): string[] {
  if (round === null) return [];
  const { conflicts, unanswered } = round;
  const [first] = conflicts;
  const more = conflicts.length > 1 ? `, and ${sayCount(conflicts.length - 1, 'more conflict')}` : '';
  return [
    ...(first === undefined ? [] : [`${first.detail}${more} (sunk-agent doctor)`]),
    ...unanswered.map(
      ({ service, fault }) =>
        `the name service ${service} of nsswitch.conf gives no answer (${fault}), so new names and ids wait`,
    ),
  ];
}

/** Maximum number of records in quarantine that are named. */
const NAMED = 5;

function describeQuarantine(count: number, which: readonly string[] = []): string {
  const said = `${sayCount(count, 'record is', 'records are')} in quarantine`;
  if (which.length === 0) return said;
  const more = which.length > NAMED ? `; and ${which.length - NAMED} more` : '';
  return `${said}: ${which.slice(0, NAMED).join('; ')}${more} (sunk-agent why NAME)`;
}

/** The facts of the host as the status has them. */
export function showHost({ disks, active, ...rest }: HostLoad): NonNullable<Status['host']> {
  return { ...rest, disks: [...disks], active: active === null ? null : [...active] };
}

/** How many seconds a sync may be late: a long one may still be running. */
const LATENESS = 900;

/** For how many seconds a status is valid that a command wrote. */
const COMMAND_VALIDITY = 3600;

/** For how many seconds after a status its daemon may be away: it may be restarting. */
const RESTART = 60;

/** Whether the sync after the one that wrote it is not overdue. @param now epoch seconds. */
function isOnTime({ nextSync, writtenAt }: Pick<Status, 'nextSync' | 'writtenAt'>, now: number): boolean {
  return now <= (nextSync === null ? writtenAt + COMMAND_VALIDITY : nextSync + LATENESS);
}

/**
 * The status as it is now: one that is not renewed in time means that the daemon does not run.
 * @param unmounted the mount point of the state that is not mounted, so that no daemon starts; null: none.
 */
export function judgeAge(status: Status, now: number, unmounted: string | null = null): Status {
  const { daemon = null } = status;
  const isGone = daemon !== null && now > status.writtenAt + RESTART && hasEnded(daemon);
  if (isOnTime(status, now) && !isGone) return status;
  const since = `no sync since ${sayMinute(status.writtenAt)} (UTC)`;
  const reason =
    unmounted !== null
      ? `${unmounted} is in /etc/fstab and not mounted, so the agent does not start, and there is ${since}: mount ${unmounted}, then systemctl restart sunk-agent`
      : isGone
        ? `the agent has ended, and there is ${since}: systemctl status sunk-agent`
        : `${since}: does the agent run? systemctl status sunk-agent`;
  return { ...status, health: 'failing', reasons: [reason, ...status.reasons] };
}

/**
 * Reads a status file of version 2 or 1. The file belongs to root, so only its version is checked: a schema would cost a
 * monitor more than node itself.
 * @throws AgentError refused: there is none, it may not be read, or it has another version.
 */
export function readStatus(file: string): Status {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (!(isSystemError(cause) && cause.code === 'ENOENT'))
      throw toSystemError('refused', `cannot read ${file}`, cause);
    const hint = 'check that the agent runs: systemctl status sunk-agent';
    throw new AgentError('refused', `there is no status at ${file}`, { cause, hint });
  }
  const status = parseObject(text);
  if (status !== null && Array.isArray(status['reasons'])) {
    if (status['schema_version'] === 2 && status['lastSync'] !== undefined)
      return status as unknown as Status;
    if (status['version'] === 1 && status['lastPass'] !== undefined)
      return addCurrentNames(status as unknown as FirstStatus);
  }
  throw new AgentError('refused', `${file} is not a status of this version`, { hint: 'restart the agent' });
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function toSeconds(milliseconds: number | null): number | null {
  return milliseconds === null ? null : Math.round(milliseconds / 1000);
}
