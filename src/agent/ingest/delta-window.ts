// From when on a delta has to ask, if the store was ever read completely under this configuration and deltas can be trusted.
import type { Config } from '../../config/config.ts';
import { isTolerated } from '../../protocol/clock-skew.ts';
import type { StateDatabase } from '../../state/state.ts';
import type { FetchedSync } from './freshness.ts';
import { scopeOf } from './fetch-scope.ts';

/** What the window depends on, from the report of an earlier sync. */
interface WindowSync extends FetchedSync {
  readonly unknown?: { readonly withKeys?: number } | null;
}

/** Seconds after which everything is read, whatever the schedule says: a delta lists no deleted user. */
const FULL_AT_LEAST_EVERY = 43_200;

/** Seconds for which no delta is used after a full read has found what deltas had missed. */
export const DISTRUST = 86_400;

type Syncs = Pick<StateDatabase, 'lastSync'>;

function wasAnswered(scope: string, { fetched }: WindowSync): boolean {
  return fetched !== null && fetched.scope === scope && fetched.isAnswered;
}

function findFull(state: Syncs, scope: string): WindowSync | null {
  return state.lastSync<WindowSync>(
    `full, of ${scope}`,
    (report) => wasAnswered(scope, report) && report.fetched?.mode === 'full',
  );
}

/** Whether the store was ever read whole under this configuration: the records are then worth working with. */
export function wasReadCompletely(state: Syncs, config: Config): boolean {
  return findFull(state, scopeOf(config)) !== null;
}

/**
 * The time up to which the store was read, epoch milliseconds: at the newest sync that fetched all it asked for under a
 * trusted clock, the earlier of the two clocks, so that no window begins later than the local clock allows.
 * @returns null: there is no such sync, or it lies in the future.
 */
export function findReadUntil(state: Syncs, config: Config, now: number): number | null {
  const scope = scopeOf(config);
  const fetched = state.lastSync<WindowSync>(`answered under a trusted clock, of ${scope}`, (report) =>
    hasTrustedClock(scope, report),
  )?.fetched;
  if (fetched?.serverTime === undefined || fetched.serverTime === null) return null;
  const until = Math.min(fetched.serverTime, fetched.serverTime + (fetched.skew ?? 0));
  return until > (now + 1) * 1000 ? null : until;
}

function hasTrustedClock(scope: string, report: WindowSync): boolean {
  const { skew = null, serverTime = null } = report.fetched ?? {};
  return wasAnswered(scope, report) && serverTime !== null && isTolerated(skew);
}

/** Epoch seconds until which no delta is used, because a full read has found what deltas had missed; null: they are used. */
export function findDistrust(state: Syncs, config: Config, now: number): number | null {
  const scope = scopeOf(config);
  const found = state.lastSync<WindowSync>(
    `missed by deltas, of ${scope}`,
    ({ fetched }) => fetched?.scope === scope && (fetched.ingested.missed ?? 0) > 0,
  );
  if (found === null || found.startedAt > now) return null;
  return found.startedAt + DISTRUST > now ? found.startedAt + DISTRUST : null;
}

/**
 * The time from which a delta asks, as RFC 3339; the reader adds the overlap.
 * @returns null where everything has to be read: the store was never read whole or not for half a day, another question
 *   since, deltas missed something lately, or an account has a key file that neither ledger nor store knows, which only
 *   a full read can settle.
 */
export function findWindow(state: Syncs, config: Config, now: number): string | null {
  const full = findFull(state, scopeOf(config));
  if (full === null || now - full.startedAt > FULL_AT_LEAST_EVERY || now < full.startedAt) return null;
  if ((state.lastSync<WindowSync>('any', () => true)?.unknown?.withKeys ?? 0) > 0) return null;
  if (findDistrust(state, config, now) !== null) return null;
  const until = findReadUntil(state, config, now);
  return until === null ? null : new Date(until).toISOString();
}
