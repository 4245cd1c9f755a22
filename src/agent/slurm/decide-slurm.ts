// What a round would do in Slurm: records, ledger and operators' files with what the worker read; policy, plan and guard.
import type { Config } from '../../config/config.ts';
import type { DaemonContext } from '../daemon/open-context.ts';
import { judgeFreshness } from '../ingest/freshness.ts';
import { readOperatorFiles } from '../overrides/operator-files.ts';
import { decide } from '../reconcile/decide.ts';
import { guardWindow } from '../../plan/guard/guard-limits.ts';
import type { GuardVerdict } from '../../plan/guard/guard-model.ts';
import { FROZEN, type SyncPlan } from '../../plan/sync/plan-sync.ts';
import { guardSlurm } from '../../plan/slurm/guard-slurm.ts';
import type { SlurmPlan, SlurmPlanInput } from '../../plan/slurm/plan-model.ts';
import { isAtRest, planSlurm } from '../../plan/slurm/plan-slurm.ts';
import type { SlurmName, SlurmOwned, SlurmRows } from '../../plan/slurm/slurm-rows.ts';
import type { Binding, StoredGroup } from '../../policy/model.ts';
import {
  computeDesiredSlurm,
  type DesiredSlurm,
  type SlurmPerson,
} from '../../policy/slurm/desired-slurm.ts';
import { countElsewhere } from './assign-owned.ts';
import type { UnassignedSlurm } from '../../state/slurm-ledger.ts';
import { listSlurmAccounts, type SlurmAccounts } from './slurm-accounts.ts';

export interface SlurmDecision {
  readonly plan: SlurmPlan;
  readonly verdict: GuardVerdict;
  /** Nothing to change. */
  readonly isObserving: boolean;
  /** How many associations are managed. */
  readonly associations: number;
  /** What is managed in other clusters. */
  readonly elsewhere: ReturnType<typeof countElsewhere>;
  /** Managed in a cluster that is not known. */
  readonly unassigned: readonly SlurmName[];
  /** In which each person of this node can submit. */
  readonly accounts: SlurmAccounts['accounts'];
}

/** What the agent knows that a plan for Slurm is made from. */
export interface SlurmBasis extends Pick<SlurmPlanInput, 'desired' | 'owned'> {
  readonly config: Config;
  readonly groups: readonly StoredGroup[];
  /** Of the people of this node. */
  readonly names: ReadonlySet<string>;
  readonly unassigned: UnassignedSlurm;
}

export function readSlurmBasis({ state, config }: Pick<DaemonContext, 'state' | 'config'>): SlurmBasis {
  const people = listSlurmPeople(state.bindings());
  const groups = state.groups();
  return {
    config,
    groups,
    names: new Set(people.map(({ name }) => name)),
    desired: computeDesiredSlurm({ config, groups, people }),
    owned: state.slurmOwned(),
    unassigned: state.slurmUnassigned(),
  };
}

/**
 * The decision where nothing is to change, so that there is nothing to judge: without all that a sync decides, which takes
 * 0.3 s and more at 10,000 people.
 * @param heldSince cleared: nothing is held.
 * @returns null: something is to change, or may be; see `decideSlurm`.
 */
export function decideAtRest(
  basis: SlurmBasis,
  rows: SlurmRows,
  heldSince: Map<string, number>,
): SlurmDecision | null {
  const stops = { now: 0, at: new Map<string, number>(), blocked: new Set<string>() };
  const plan = planSlurm({ ...basis, rows, stops, held: new Set() });
  if (!isAtRest(plan)) return null;
  heldSince.clear();
  return describe(basis, rows, plan, { go: [], held: [], remember: new Map(), kinds: new Map() });
}

/** What a sync would decide, which the guard over Slurm measures by. */
export interface DecidedSync {
  /** Number of the newest sync when it was decided. */
  readonly after: number;
  readonly plan: SyncPlan;
}

export async function decideSync(context: DaemonContext): Promise<DecidedSync> {
  const { state } = context;
  const now = Math.floor(context.clock() / 1000);
  const after = state.newestSync();
  return { after, plan: await decide(context, now, judgeFreshness(null, state, now)) };
}

/**
 * Decides, and records what is about to be made.
 * @param early what was decided while Slurm was read; it is decided again where that was not done, or a sync came since.
 * @param heldSince since when each set is held; brought up to date.
 */
export async function decideSlurm(
  context: DaemonContext,
  rows: SlurmRows,
  early: DecidedSync | null,
  heldSince: Map<string, number>,
): Promise<SlurmDecision> {
  const { state, config, paths } = context;
  const now = Math.floor(context.clock() / 1000);
  const isCurrent = early !== null && early.after === state.newestSync();
  const { plan: sync } = isCurrent ? early : await decideSync(context);
  const basis = readSlurmBasis(context);
  const waiting = sync.verdict.held.flatMap(({ changes }) => changes.flatMap(({ scimId }) => scimId ?? []));
  const blocked = sync.desired.accounts.flatMap((one) => (one.disabled === 'blocked' ? [one.scimId] : []));
  const plan = planSlurm({
    ...basis,
    rows,
    held: new Set(waiting),
    stops: { now, at: findStops(basis.desired, rows, state, now), blocked: new Set(blocked) },
  });
  const { approved, frozenUntil } = readOperatorFiles(paths, now);
  const verdict = guardSlurm({
    changes: plan.changes,
    desired: sync.desired,
    actual: sync.actual,
    users: state.users(),
    groups: basis.groups,
    config,
    record: { ...state.guardRecord(now - guardWindow(config.limits)), heldSince },
    approved,
    freezeReason: frozenUntil > now ? FROZEN : null,
    now,
  });
  heldSince.clear();
  for (const [hash, since] of verdict.remember) heldSince.set(hash, since);
  const decision = describe(basis, rows, plan, verdict);
  if (!decision.isObserving) {
    const going = new Set(verdict.go.map(({ name }) => name));
    state.ownSlurm(
      plan.owned.filter(({ name }) => going.has(name)),
      now,
    );
  }
  return decision;
}

function describe(
  { config, owned, names, unassigned }: SlurmBasis,
  rows: SlurmRows,
  plan: SlurmPlan,
  verdict: GuardVerdict,
): SlurmDecision {
  return {
    plan,
    verdict,
    isObserving: config.mode === 'observe' || config.slurm.mode !== 'enforce',
    associations: countOwned(rows, owned),
    elsewhere: countElsewhere(owned, rows.cluster),
    unassigned: unassigned.names,
    accounts: listSlurmAccounts(rows, names),
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

function countOwned({ cluster, associations }: SlurmRows, owned: readonly SlurmOwned[]): number {
  const list = (kind: SlurmOwned['kind']): ReadonlySet<string> =>
    new Set(owned.flatMap((one) => (one.cluster === cluster && one.kind === kind ? [one.name] : [])));
  const [accounts, users] = [list('account'), list('user')];
  return associations.filter(({ account, user }) => accounts.has(account) && users.has(user)).length;
}
