// Entra's quarantine: too many failures stop the schedule, and it is tried again after 6, 12, then every 24 hours.
import type { Directory } from '../directory.ts';
import type { LogLine } from '../idp-client.ts';

/** Above this share of failures an application goes into quarantine, once there are so many. */
const SHARE = 0.4;
const MIN_FAILURES = 5000;
const HOURS = [6, 12, 24] as const;

/** Puts the application into quarantine, keeps it there or lets it out, by how the cycle went. */
export function judgeCycle({ application }: Directory, log: readonly LogLine[], now: number): void {
  if (!deservesQuarantine(log)) {
    if (application.provisioning === 'quarantine') application.provisioning = 'on';
    application.quarantine = null;
    application.watermark = new Date(now).toISOString();
    return;
  }
  const tries = application.quarantine === null ? 0 : application.quarantine.tries + 1;
  application.provisioning = 'quarantine';
  application.quarantine = { since: new Date(now).toISOString(), tries };
}

/** Failures of group members do not count; credentials that are refused, or no answer, count at once. */
function deservesQuarantine(log: readonly LogLine[]): boolean {
  const failures = log.filter((line) => line.outcome === 'failure' && !line.isMemberFailure);
  const isRefused = failures.every(({ status }) => status === null || status === 401 || status === 403);
  if (failures.length > 0 && failures.length === log.length && isRefused) return true;
  return failures.length >= MIN_FAILURES && failures.length / log.length > SHARE;
}

/** When the schedule tries again, in epoch milliseconds; null outside of a quarantine. */
export function findNextTry({ application }: Directory): number | null {
  if (application.provisioning !== 'quarantine' || application.quarantine === null) return null;
  const hours = HOURS[Math.min(application.quarantine.tries, HOURS.length - 1)] ?? 24;
  return Date.parse(application.quarantine.since) + hours * 3_600_000;
}
