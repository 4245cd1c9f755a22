// What a sync would do now: its whole input, read once, through the pure planSync; changes nothing.
import { guardWindow } from '../../plan/guard/guard-limits.ts';
import { approveUnblocked, type GuardRecord } from '../../plan/guard/guard-model.ts';
import { listHomes } from '../../plan/sync/list-homes.ts';
import { planSync, type SyncPlan } from '../../plan/sync/plan-sync.ts';
import { ID_MARK } from '../../policy/access.ts';
import { applyChosenNames } from '../../policy/names/chosen-names.ts';
import type { StoredUser } from '../../policy/model.ts';
import { countQuestions } from '../../policy/name-services.ts';
import type { StateDatabase } from '../../state/state.ts';
import type { Freshness } from '../ingest/freshness.ts';
import { judgeGrants } from '../overrides/grants.ts';
import { readExtensions } from '../overrides/extensions.ts';
import { type BlockEntry, readOperatorFiles } from '../overrides/operator-files.ts';
import type { SyncContext } from './context.ts';

/** What a decision is made from. */
export type DecisionContext = Pick<SyncContext, 'config' | 'paths' | 'host' | 'stateFault' | 'unblocked'> & {
  readonly state: Pick<
    StateDatabase,
    'bindings' | 'former' | 'firstOwners' | 'users' | 'groups' | 'guardRecord' | 'inherited' | 'lastSync'
  >;
};

/**
 * Applies what of a first plan must not wait for the answer of a name service.
 * @returns what was done, as the guard counts it; empty: nothing, so the host is as it was read.
 */
export type BeforeAsking = (plan: SyncPlan) => Promise<GuardRecord['done']>;

/**
 * Reads records, ledger, host and the operators' files once, and decides. If names or ids are about to be granted, the
 * other name services of the host are asked for these, and it is decided again with their answers.
 * @param now epoch seconds.
 */
export async function decide(
  { config, paths, host, state, stateFault, unblocked = [] }: DecisionContext,
  now: number,
  { completeAt, isComplete }: Freshness,
  beforeAsking: BeforeAsking = () => Promise.resolve([]),
): Promise<SyncPlan> {
  const former = state.former();
  const records = {
    users: applyChosenNames(state.users(), config),
    groups: state.groups(),
    bindings: state.bindings(),
    former,
    config,
    grants: judgeGrants(paths.grants, now, findLastSync(state)),
  };
  const { approved, blocks, frozenUntil } = readOperatorFiles(paths, now);
  const homes = listHomes(records);
  const input = {
    ...records,
    host: await host.read(homes),
    inherited: state.inherited(),
    firstOwners: state.firstOwners(),
    answers: null,
    now,
    approved: approved.union(new Set(unblocked.map(approveUnblocked))),
    blocked: listBlocked(blocks, records.users),
    frozenUntil,
    extensions: readExtensions(paths.extended),
    completeAt,
    isComplete,
    guardRecord: state.guardRecord(now - guardWindow(config.limits)),
    isRecordable: stateFault === null,
  };
  const first = planSync(input);
  const { questions } = first.desired;
  const isAsked = input.host.services.length > 0 || config.nss.must_resolve.length > 0;
  if (!isAsked || countQuestions(questions) === 0) return first;
  const done = await beforeAsking(first);
  const answers = { questions, given: await host.askServices(questions) };
  if (done.length === 0) return planSync({ ...input, answers });
  const { guardRecord } = input;
  return planSync({
    ...input,
    answers,
    bindings: state.bindings(),
    firstOwners: state.firstOwners(),
    host: await host.read(homes),
    guardRecord: { ...guardRecord, done: [...guardRecord.done, ...done] },
  });
}

/** When the newest sync on record began, epoch seconds: a clock that is behind it was set back. */
export function findLastSync(state: Pick<StateDatabase, 'lastSync'>): number {
  const newest = state.lastSync<{ startedAt?: number }>('began', ({ startedAt }) => startedAt !== undefined);
  return newest?.startedAt ?? 0;
}

/**
 * What policy compares people with: a word that is a person's id is that person and no one who is called so, and a name
 * beside a SCIM id counts only where the store has no person of that id.
 */
export function listBlocked(blocks: readonly BlockEntry[], users: readonly StoredUser[]): string[] {
  if (blocks.length === 0) return [];
  const present = new Map(users.map(({ record, absent }) => [record.id, !absent]));
  return blocks.flatMap(({ word, name }) => {
    const words = present.has(word) ? `${ID_MARK}${word}` : word;
    return name === null || present.get(word) === true ? [words] : [words, name];
  });
}
