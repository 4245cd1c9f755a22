// From when on a delta has to ask, if the store was ever read whole under this configuration.
import type { Config } from '../../config/config.ts';
import type { StateDatabase } from '../../state/state.ts';
import type { FetchedSync } from './freshness.ts';
import { scopeOf } from './fetch-scope.ts';

/** What the window hangs on, of the report of an earlier sync. */
interface WindowSync extends FetchedSync {
  readonly unknown?: object | null;
}

/** Seconds after which everything is read, whatever the schedule says: a delta lists no deleted user. */
const FULL_AT_LEAST_EVERY = 43_200;

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
 * The store's clock at the newest sync that fetched all it asked for, as RFC 3339.
 * @returns null where everything has to be read: no such sync, none of everything for half a day, another question since,
 *   or an account has access that neither ledger nor store knows, which only a full read can settle.
 */
export function findWindow(state: Syncs, config: Config, now: number): string | null {
  const scope = scopeOf(config);
  const full = findFull(state, scope);
  if (full === null || now - full.startedAt > FULL_AT_LEAST_EVERY || now < full.startedAt) return null;
  if ((state.lastSync<WindowSync>('any', () => true)?.unknown ?? null) !== null) return null;
  const time =
    state.lastSync<WindowSync>(`answered, of ${scope}`, (report) => wasAnswered(scope, report))?.fetched
      ?.serverTime ?? null;
  return time === null ? null : new Date(time).toISOString();
}
