// What a sync would do now: its whole input, read once, through the pure planSync; changes nothing.
import { guardWindow } from '../../plan/guard/guard-limits.ts';
import { listHomes, planSync, type SyncPlan } from '../../plan/plan-sync.ts';
import type { StateDatabase } from '../../state/state.ts';
import type { Freshness } from '../ingest/freshness.ts';
import { readExtensions } from '../overrides/extensions.ts';
import { readOperatorFiles } from '../overrides/operator-files.ts';
import type { SyncContext } from './context.ts';

/** What a decision is made from. */
export type DecisionContext = Pick<SyncContext, 'config' | 'paths' | 'host' | 'stateFault'> & {
  readonly state: Pick<StateDatabase, 'bindings' | 'users' | 'groups' | 'guardRecord'>;
};

/**
 * Reads records, ledger, host and the operators' files once, and decides.
 * @param now epoch seconds.
 */
export async function decide(
  { config, paths, host, state, stateFault }: DecisionContext,
  now: number,
  { completeAt, isComplete }: Freshness,
): Promise<SyncPlan> {
  const records = { users: state.users(), groups: state.groups(), bindings: state.bindings(), config };
  const { approved, blocked, frozenUntil } = readOperatorFiles(paths);
  return planSync({
    ...records,
    host: await host.read(listHomes(records)),
    now,
    approved,
    blocked,
    frozenUntil,
    extensions: readExtensions(paths.extended),
    completeAt,
    isComplete,
    guardRecord: state.guardRecord(now - guardWindow(config.limits)),
    isRecordable: stateFault === null,
  });
}
