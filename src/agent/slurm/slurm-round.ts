// One round over Slurm: read, decide, apply, read back; beside the syncs, so that no login waits for it.
import { AgentError, describeError } from '../../common/errors.ts';
import type { DaemonContext } from '../daemon/open-context.ts';
import { type Change, describeKind, isRevocation } from '../../plan/change.ts';
import type { GuardVerdict, HeldSet } from '../../plan/guard/guard-model.ts';
import type { SlurmPlan } from '../../plan/slurm/plan-model.ts';
import { type SlurmBatch, splitBatch, toBatches } from './slurm-steps.ts';
import type { HistoryRow } from '../../state/syncs/sync-log.ts';
import { assignOwned } from './assign-owned.ts';
import {
  decideAtRest,
  decideSlurm,
  decideSync,
  readSlurmBasis,
  type SlurmBasis,
  type SlurmDecision,
} from './decide-slurm.ts';
import { countSlurmFailures } from './slurm-failures.ts';
import type { SlurmAnswer, SlurmLink } from './slurm-link.ts';

/** What the round works with; `withContext` holds the sync lock, for no longer than a decision or a record takes. */
export interface SlurmRoundContext {
  readonly link: Pick<SlurmLink, 'read' | 'apply'>;
  withContext<T>(work: (context: DaemonContext) => Promise<T>): Promise<T>;
  /** Since when each held set is held, from one round to the next. */
  readonly heldSince: Map<string, number>;
  /** By change, what it failed with last, from one round to the next. */
  readonly failed: Map<string, string>;
  /** Waits for so long, or until a sync has ended. @returns whether one has: then there may be more to do than to repeat. */
  readonly pause: (ms: number) => Promise<boolean>;
  /** A sync has just changed something, so that a decision is likely: it is made while Slurm is read. */
  readonly isAfterChange: boolean;
}

export interface SlurmReport {
  /** Epoch seconds when it ended. */
  readonly at: number;
  readonly cluster: string;
  readonly version: string;
  readonly isObserving: boolean;
  readonly planned: number;
  readonly done: number;
  /** From the first question to the last answer. */
  readonly seconds: number;
  /** Changes that failed, or that Slurm did not keep: read back after the act. */
  readonly problems: readonly string[];
  readonly held: readonly HeldSet[];
  readonly refusals: SlurmPlan['refusals'];
  readonly draining: SlurmPlan['draining'];
  /** Managed associations, as read at the end. */
  readonly associations: number;
  /** In which each person of this node can submit, as read at the end. */
  readonly accounts: SlurmDecision['accounts'];
  readonly elsewhere: SlurmDecision['elsewhere'];
  readonly unassigned: SlurmDecision['unassigned'];
  /** Whether the controller answered; without it no one gets an association. */
  readonly hasController: boolean;
  /** It was long enough, and a sync has just ended: another round is to follow. */
  readonly isCut: boolean;
}

/** Jobs end within KillWait (30 s by default), and until then Slurm keeps their association. */
const MOST_TURNS = 20;
const PAUSE_MS = 2000;

/** @throws AgentError slurm_failed, or slurm_unreachable, where nothing could be read or Slurm went away; what was done is in the history. */
export async function runSlurmRound(round: SlurmRoundContext): Promise<SlurmReport> {
  const { link } = round;
  const cluster = await round.withContext(({ config }) => Promise.resolve(config.slurm.cluster));
  const began = performance.now();
  let planned = 0;
  let done = 0;
  const failures = countSlurmFailures(round.failed);
  let isNews = true;
  for (let turn = 1; ; turn += 1) {
    if (turn > 1) isNews = turn > 2 && (await round.pause(PAUSE_MS));
    // While Slurm answers. What a sync changes meanwhile is for the round that begins after it: here nothing is done of it.
    const isEarly = turn === 1 && round.isAfterChange;
    const knowing = round.withContext(async (context) => {
      const early = isEarly ? await decideSync(context) : null;
      return { known: readSlurmBasis(context), early };
    });
    const [rows, { known, early }] = await Promise.all([link.read(cluster), knowing]);
    const basis = known.unassigned.isUndecided ? await assign(round, rows.cluster) : known;
    const decision =
      decideAtRest(basis, rows, round.heldSince) ??
      (await round.withContext((context) => decideSlurm(context, rows, early, round.heldSince)));
    const { plan, verdict, isObserving } = decision;
    if (isNews) planned = done + plan.changes.length;
    // What is still to do after the act was not kept.
    const pending = verdict.go.filter(
      (change) => (isNews || isWorthAnother(change)) && !failures.isStuck(change),
    );
    if (isObserving || pending.length === 0 || turn >= MOST_TURNS)
      return toReport(rows, decision, {
        planned,
        done,
        problems: failures.say(isObserving || turn === 1 ? [] : verdict.go),
        seconds: (performance.now() - began) / 1000,
        isCut: isNews && !isObserving && pending.length > 0,
      });
    const { results, lost } = await applyAll(withoutBusy(pending), rows.cluster, link);
    done += [...results.values()].filter((problem) => problem === null).length;
    const news = failures.note(results);
    await round.withContext(({ state }) => {
      state.addHistory(news.map((result) => toHistory(result, verdict)));
      return Promise.resolve();
    });
    if (lost !== null) throw lost;
  }
}

/** What is known afterwards. */
async function assign(round: Pick<SlurmRoundContext, 'withContext'>, cluster: string): Promise<SlurmBasis> {
  return await round.withContext((context) => {
    assignOwned(context, cluster);
    return Promise.resolve(readSlurmBasis(context));
  });
}

function toReport(
  rows: SlurmAnswer,
  { plan, verdict, isObserving, associations, accounts, elsewhere, unassigned }: SlurmDecision,
  { problems, ...rest }: Pick<SlurmReport, 'planned' | 'done' | 'problems' | 'seconds' | 'isCut'>,
): SlurmReport {
  return {
    at: Math.floor(Date.now() / 1000),
    cluster: rows.cluster,
    version: rows.version,
    isObserving,
    ...rest,
    problems: problems.slice(0, 100),
    held: verdict.held,
    refusals: plan.refusals,
    draining: plan.draining,
    associations,
    accounts,
    elsewhere,
    unassigned,
    hasController: rows.uids !== null,
  };
}

/** What a turn before could not do yet: jobs that still end; the rest waits for the next round. */
function isWorthAnother(change: Change): boolean {
  return isRevocation(change) || change.kind === 'slurm-default-set';
}

/** Slurm keeps an association whose jobs still end, and fails the whole batch: the next turn removes it. */
function withoutBusy(changes: readonly Change[]): Change[] {
  const busy = new Set(
    changes.flatMap((change) =>
      change.kind === 'slurm-jobs-cancel' ? [`${change.name} ${change.account}`] : [],
    ),
  );
  return changes.filter(
    (change) => change.kind !== 'slurm-association-remove' || !busy.has(`${change.name} ${change.account}`),
  );
}

interface Applied {
  /** By what was tried: why it failed. */
  readonly results: Map<Change, string | null>;
  /** Slurm went away: then nothing more was tried, and the next round sees what of the batch at hand came through. */
  readonly lost: AgentError | null;
}

/** In order; a batch that Slurm refuses is tried in halves, so that one name does not keep the others back. */
async function applyAll(
  changes: readonly Change[],
  cluster: string,
  link: Pick<SlurmLink, 'apply'>,
): Promise<Applied> {
  const results = new Map<Change, string | null>();
  const queue: SlurmBatch[] = toBatches(changes);
  for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
    try {
      await link.apply(batch.step, cluster);
      for (const change of batch.changes) results.set(change, null);
    } catch (error) {
      if (error instanceof AgentError && error.code === 'slurm_unreachable') return { results, lost: error };
      const halves = splitBatch(batch);
      queue.unshift(...halves);
      if (halves.length === 0) for (const change of batch.changes) results.set(change, describeError(error));
    }
  }
  return { results, lost: null };
}

function toHistory(
  [change, problem]: readonly [Change, string | null],
  { kinds }: GuardVerdict,
): Omit<HistoryRow, 'sync'> {
  const { scimId, name, because } = change;
  return {
    at: Math.floor(Date.now() / 1000),
    scimId,
    kind: kinds.get(change) ?? change.kind,
    name,
    because,
    problem,
    detail: describeKind(change).evidence(change),
  };
}
