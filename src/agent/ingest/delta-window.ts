// From when on a delta has to ask, if the store was ever read whole under this configuration.
import type { Config } from '../../config/config.ts';
import type { StateDatabase } from '../../state/state.ts';
import type { FetchedSync } from './freshness.ts';
import { scopeOf } from './fetch-scope.ts';

/** What the window hangs on, of the report of an earlier sync. */
interface WindowPass extends FetchedSync {
  readonly unknown?: object | null;
}

/** Seconds after which everything is read, whatever the schedule says: a delta lists no deleted user. */
const FULL_AT_LEAST_EVERY = 43_200;

type Passes = Pick<StateDatabase, 'lastSync'>;

function hasHeard(scope: string, { heard }: WindowPass): boolean {
  return heard !== null && heard.scope === scope && heard.isAnswered;
}

function findFull(state: Passes, scope: string): WindowPass | null {
  return state.lastSync<WindowPass>(
    `full, of ${scope}`,
    (report) => hasHeard(scope, report) && report.heard?.mode === 'full',
  );
}

/** Whether the store was ever read whole under this configuration: what the cache has is then worth working with. */
export function wasReadCompletely(state: Passes, config: Config): boolean {
  return findFull(state, scopeOf(config)) !== null;
}

/**
 * The store's clock at the newest sync that fetched all it asked for, as RFC 3339.
 * @returns null where everything has to be read: no such sync, none of everything for half a day, another question since,
 *   or an account has access that neither ledger nor store knows, which only a full read can settle.
 */
export function findWindow(state: Passes, config: Config, now: number): string | null {
  const scope = scopeOf(config);
  const full = findFull(state, scope);
  if (full === null || now - full.startedAt > FULL_AT_LEAST_EVERY || now < full.startedAt) return null;
  if ((state.lastSync<WindowPass>('any', () => true)?.unknown ?? null) !== null) return null;
  const time =
    state.lastSync<WindowPass>(`answered, of ${scope}`, (report) => hasHeard(scope, report))?.heard
      ?.serverTime ?? null;
  return time === null ? null : new Date(time).toISOString();
}
