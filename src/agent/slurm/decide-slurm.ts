// What a round would do in Slurm: records, ledger and operators' files with what the worker read; policy, plan and guard.
import type { DaemonContext } from '../daemon/open-context.ts';
import { judgeFreshness } from '../ingest/freshness.ts';
import { readOperatorFiles } from '../overrides/operator-files.ts';
import { decide } from '../reconcile/decide.ts';
import { guardWindow } from '../../plan/guard/guard-limits.ts';
import type { GuardVerdict } from '../../plan/guard/guard-model.ts';
import { FROZEN } from '../../plan/sync/plan-sync.ts';
import { guardSlurm } from '../../plan/slurm/guard-slurm.ts';
import { planSlurm, type SlurmPlan } from '../../plan/slurm/plan-slurm.ts';
import type { SlurmOwned, SlurmRows } from '../../plan/slurm/slurm-rows.ts';
import type { Binding } from '../../policy/model.ts';
import {
  computeDesiredSlurm,
  type DesiredSlurm,
  type SlurmPerson,
} from '../../policy/slurm/desired-slurm.ts';
import { listSlurmAccounts, type SlurmAccounts } from './slurm-accounts.ts';

export interface SlurmDecision {
  readonly plan: SlurmPlan;
  readonly verdict: GuardVerdict;
  /** Nothing is to be changed. */
  readonly isObserving: boolean;
  /** How many associations are managed. */
  readonly associations: number;
  /** In which each person of this node can submit. */
  readonly accounts: SlurmAccounts['accounts'];
}

/**
 * Decides, and records what is about to be made.
 * @param heldSince since when each set is held; brought up to date.
 */
export async function decideSlurm(
  context: DaemonContext,
  rows: SlurmRows,
  heldSince: Map<string, number>,
): Promise<SlurmDecision> {
  const { state, config, paths } = context;
  const now = Math.floor(context.clock() / 1000);
  const decision = await decide(context, now, judgeFreshness(null, state, now));
  const groups = state.groups();
  const people = listSlurmPeople(state.bindings());
  const waiting = decision.verdict.held.flatMap(({ changes }) =>
    changes.flatMap(({ scimId }) => scimId ?? []),
  );
  const desired = computeDesiredSlurm({ config, groups, people });
  const blocked = decision.desired.accounts.flatMap((one) =>
    one.disabled === 'blocked' ? [one.scimId] : [],
  );
  const plan = planSlurm({
    held: new Set(waiting),
    desired,
    rows,
    owned: state.slurmOwned(),
    stops: { now, at: findStops(desired, rows, state, now), blocked: new Set(blocked) },
  });
  const { approved, frozenUntil } = readOperatorFiles(paths, now);
  const verdict = guardSlurm({
    changes: plan.changes,
    desired: decision.desired,
    actual: decision.actual,
    users: state.users(),
    groups,
    config,
    record: { ...state.guardRecord(now - guardWindow(config.limits)), heldSince },
    approved,
    freezeReason: frozenUntil > now ? FROZEN : null,
    now,
  });
  heldSince.clear();
  for (const [hash, since] of verdict.remember) heldSince.set(hash, since);
  const isObserving = config.mode === 'observe' || config.slurm.mode !== 'enforce';
  if (!isObserving) {
    const going = new Set(verdict.go.map(({ name }) => name));
    const owned = plan.owned.filter(({ name }) => going.has(name));
    state.ownSlurm(owned, now);
  }
  return {
    plan,
    verdict,
    isObserving,
    associations: countOwned(rows, state.slurmOwned()),
    accounts: listSlurmAccounts(rows, new Set(people.map(({ name }) => name))),
  };
}

/** The ledger has what is in force: a revocation that the guard holds is not in it. */
export function listSlurmPeople(bindings: readonly Binding[]): SlurmPerson[] {
  return bindings.flatMap(({ kind, scimId, name, id, disabledAt }) =>
    kind === 'account' ? [{ scimId, name, uid: id, isEnabled: disabledAt === null }] : [],
  );
}

/** When submissions of associations that may drain were stopped, by the history. */
function findStops(
  { accounts }: DesiredSlurm,
  { associations }: SlurmRows,
  state: Pick<DaemonContext['state'], 'history'>,
  now: number,
): ReadonlyMap<string, number> {
  const spans = new Map(accounts.map(({ name, drain }) => [name, drain]));
  const found = new Map<string, number>();
  for (const { user, account, isStopped } of associations) {
    const span = spans.get(account) ?? null;
    if (span === null || !isStopped) continue;
    const stop = state
      .history({ name: user, since: now - span, limit: 1000 })
      .find(
        ({ kind, detail, problem }) =>
          kind.startsWith('slurm-submit-stop') && detail?.account === account && problem === null,
      );
    if (stop !== undefined) found.set(`${user} ${account}`, stop.at);
  }
  return found;
}

function countOwned({ associations }: SlurmRows, owned: readonly SlurmOwned[]): number {
  const names = new Set(owned.map(({ kind, name }) => `${kind} ${name}`));
  return associations.filter(
    ({ account, user }) => names.has(`account ${account}`) && names.has(`user ${user}`),
  ).length;
}
