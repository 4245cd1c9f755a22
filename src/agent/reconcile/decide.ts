// What a sync would do now: its whole input, read once, through the pure planSync; changes nothing.
import { guardWindow } from '../../plan/guard/guard-limits.ts';
import { listHomes, planSync, type SyncPlan } from '../../plan/plan-sync.ts';
import type { StoredUser } from '../../policy/model.ts';
import type { StateDatabase } from '../../state/state.ts';
import type { Freshness } from '../ingest/freshness.ts';
import { readExtensions } from '../overrides/extensions.ts';
import { type BlockEntry, readOperatorFiles } from '../overrides/operator-files.ts';
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
  const { approved, blocks, frozenUntil } = readOperatorFiles(paths, now);
  return planSync({
    ...records,
    host: await host.read(listHomes(records)),
    now,
    approved,
    blocked: listBlocked(blocks, records.users),
    frozenUntil,
    extensions: readExtensions(paths.extended),
    completeAt,
    isComplete,
    guardRecord: state.guardRecord(now - guardWindow(config.limits)),
    isRecordable: stateFault === null,
  });
}

/** What policy compares people with: a name beside a SCIM id counts only where the store has no person of that id. */
export function listBlocked(blocks: readonly BlockEntry[], users: readonly StoredUser[]): string[] {
  if (blocks.every(({ name }) => name === null)) return blocks.map(({ word }) => word);
  const present = new Set(users.flatMap(({ record, absent }) => (absent ? [] : [record.id])));
  return blocks.flatMap(({ word, name }) => (name === null || present.has(word) ? [word] : [word, name]));
}
