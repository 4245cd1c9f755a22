// Whether a login works on this node, as the trial logins of the canary say: the first line of the status.
import type { Config } from '../../config/config.ts';
import type { Paths } from '../../common/paths.ts';
import { sayAgo } from '../../common/text/relative-time.ts';
import { type LoginPath, readLoginPath } from '../../host/trial/login-path.ts';
import type { Status } from './status-schema.ts';

type Known = NonNullable<Status['loginPath']>;

/** Seconds that a trial may be late: one takes up to twenty, and a busy node is slow. */
const LATENESS = 120;

/** Whether logins are tried at all: an agent that observes has not changed how one logs in. */
export function hasCanary({ root }: Pick<Paths, 'root'>, { mode, accounts }: Config): boolean {
  return root === '/' && mode === 'enforce' && accounts.backend === 'local';
}

/** What is known now; null: no login is tried on a node like this one. @param now epoch seconds. */
export function findLoginPath(paths: Paths, config: Config, now: number): Status['loginPath'] {
  if (!hasCanary(paths, config)) return null;
  if (config.canary.every === null) return OFF;
  return judgeLoginPath(readLoginPath(paths), now);
}

const OFF: Known = {
  state: 'off',
  at: null,
  lastProven: null,
  step: null,
  reason: 'canary.every is never',
};

const NEVER: Known = {
  state: 'unproven',
  at: null,
  lastProven: null,
  step: null,
  reason: 'no trial login since the agent started',
};

/** What is too old proves nothing. Pure. */
export function judgeLoginPath(found: LoginPath | null, now: number): Known {
  if (found === null) return NEVER;
  const { state, at, lastProven, step, reason, every } = found;
  const age = now - at;
  if (age > 2 * every + LATENESS || age < -LATENESS) {
    const late = `the last trial login was ${sayAgo(at, now)}`;
    return { state: 'unproven', at, lastProven, step: null, reason: late };
  }
  return { state, at, lastProven, step, reason };
}

/** One line. */
export function sayLoginPath({ state, at, step, reason }: Known, now: number): string {
  if (state === 'proven') return `proven ${sayAgo(at, now)}`;
  if (state === 'off') return `not checked: ${reason}`;
  if (state === 'unproven') return `not proven: ${reason}`;
  return `failed ${sayAgo(at, now)} at ${step ?? 'an unknown step'}: ${reason}`;
}

/**
 * The status with what is known of the login path now, in place of what was known when it was written: a node on which no
 * login was proven is not healthy. Pure.
 */
export function withLoginPath(status: Status, loginPath: Status['loginPath']): Status {
  const { syncHealth = status.health, loginPath: before = null } = status;
  const others = before === null ? status.reasons : status.reasons.filter((one) => one !== sayReason(before));
  if (loginPath === null || loginPath === undefined)
    return { ...status, loginPath: null, health: syncHealth, syncHealth, reasons: others };
  const reason = sayReason(loginPath);
  const health = WORSE[loginPath.state];
  return {
    ...status,
    loginPath,
    syncHealth,
    health: RANK[health] > RANK[syncHealth] ? health : syncHealth,
    reasons: reason === null ? others : [reason, ...others],
  };
}

const RANK = { healthy: 0, degraded: 1, failing: 2 } as const;
const WORSE = { proven: 'healthy', off: 'healthy', unproven: 'degraded', failed: 'failing' } as const;

/** null: nothing is wrong. It names no time, so that it is the same each time that it is said. */
function sayReason({ state, step, reason }: Known): string | null {
  if (state === 'failed') return `a trial login failed at ${step ?? 'an unknown step'}: ${reason}`;
  return state === 'unproven' ? `no login is proven to work: ${reason}` : null;
}
