// Policy, plan and guard in one go: what a pass would do now, from the mirror and the host as they are; changes nothing.
import type { StateDatabase } from '../../state/state.ts';
import type { Host } from '../../host/host.ts';
import { type ActualState, DISABLED_DAY } from '../../plan/actual.ts';
import { type Change, isAccountChange } from '../../plan/change.ts';
import { guard, type GuardVerdict } from '../../plan/guard/guard.ts';
import { splitExchanges } from '../../plan/guard/freeze.ts';
import { planChanges } from '../../plan/plan.ts';
import { adoptLost } from '../../policy/identity/adopt.ts';
import { computeDesiredState } from '../../policy/desired-state.ts';
import type { Binding, DesiredState } from '../../policy/model.ts';
import { isNotInStore } from '../../policy/unknown.ts';
import { readOperatorFiles } from '../overrides/operator-files.ts';
import { readExtensions } from '../overrides/extensions.ts';
import type { Freshness } from '../ingest/freshness.ts';
import type { SyncContext } from './context.ts';

/** What a pass would do, and on what grounds; nothing has been done yet. */
export interface Decision {
  /** Bindings that the ledger had lost and that were worked out anew. */
  readonly adopted: readonly Binding[];
  readonly desired: DesiredState;
  readonly actual: ActualState;
  readonly changes: readonly Change[];
  readonly verdict: GuardVerdict;
  /** Who bears our mark, is known to neither the ledger nor the store, and is in: with an open line, or a key file. */
  readonly unknown: readonly string[];
}

const FROZEN = 'this node is frozen: no grants and no absences (sunk-agent thaw)';
/** What is given would have to be remembered; what is taken away is right without it. */
const UNRECORDED = 'the cache cannot be written: no grants and no absences until it can';

/**
 * Policy, plan and guard, from the mirror and the host as they are now.
 * @param hearing how well the store was heard.
 */
export async function decide(
  parts: Pick<SyncContext, 'config' | 'paths' | 'host' | 'stateFault'> & {
    readonly state: Pick<StateDatabase, 'bindings' | 'users' | 'groups' | 'guardRecord'>;
  },
  now: number,
  hearing: Freshness,
): Promise<Decision> {
  const { config, state, host } = parts;
  const operator = readOperatorFiles(parts.paths);
  const recorded = state.bindings();
  const users = state.users();
  const groups = state.groups();
  const question = {
    users,
    groups,
    bindings: recorded,
    facts: await host.facts(recorded),
    config,
    now,
    blocked: operator.blocked,
    extensions: readExtensions(parts.paths.extended),
    ...hearing,
  };
  const adopted = adoptLost(question);
  const bindings = adopted.length === 0 ? recorded : [...recorded, ...adopted];
  const facts = adopted.length === 0 ? question.facts : await host.facts(bindings);
  const desired = computeDesiredState({ ...question, bindings, facts });
  const actual = host.read(bindings, desired);
  const planned = planChanges(desired, actual);
  // Where another node publishes the accounts they are that one's to change.
  const isReader = config.accounts.backend === 'published';
  const ours = isReader ? planned.filter((change) => !isAccountChange(change)) : planned;
  const isFrozen = operator.frozenUntil > now;
  const freezeReason = parts.stateFault !== null ? UNRECORDED : isFrozen ? FROZEN : null;
  const changes = freezeReason === null ? ours : splitExchanges(ours);
  const verdict = guard({
    changes,
    desired,
    actual,
    users,
    groups,
    config,
    record: state.guardRecord(now - guardWindow(config)),
    approved: operator.approved,
    freezeReason,
    now,
  });
  const unknown = config.mode === 'observe' || isReader ? [] : listUnknown(desired, actual, host);
  return { adopted, desired, actual, changes, verdict, unknown };
}

function listUnknown({ leftovers = [] }: DesiredState, { keyFiles }: ActualState, host: Host): string[] {
  return leftovers.filter(isNotInStore).flatMap(({ name }) => {
    const isClosed = host.lookUp(name)?.account.expiryDay === DISABLED_DAY;
    return isClosed && !keyFiles.has(name) ? [] : [name];
  });
}

/** How far back the guard counts, in seconds. */
export function guardWindow({ limits }: SyncContext['config']): number {
  return Math.max(limits.max_loss.window, limits.max_gain.window);
}
