// Whose running jobs may go on for a while after the account is lost: by the rule's `drain`, counted from the stop; pure.
import type { DesiredSlurmAccount, DesiredSlurmPerson } from '../../policy/slurm/desired-slurm.ts';
import type { SlurmJobsCancel, SlurmSubmitStop } from '../changes/slurm.ts';
import type { SlurmAssociationRow, SlurmRows } from './slurm-rows.ts';

/** Jobs that run on; their association stays, stopped. */
export interface SlurmDrain {
  readonly name: string;
  readonly account: string;
  /** Epoch seconds when what still runs is cancelled. */
  readonly until: number;
}

/** What the deadlines are counted from. */
export interface SlurmStops {
  /** Epoch seconds. */
  readonly now: number;
  /** When submissions were stopped, epoch seconds, by `user account`. Absent: not known, so nothing runs on. */
  readonly at: ReadonlyMap<string, number>;
  /** SCIM ids of people that an operator blocked: their jobs end at once. */
  readonly blocked: ReadonlySet<string>;
}

export interface Drains {
  /** Seconds, by account. */
  readonly spans: ReadonlyMap<string, number>;
  /** `user account` of each that has jobs which run. */
  readonly running: ReadonlySet<string>;
  readonly pending: ReadonlySet<string>;
  readonly stops: SlurmStops;
}

export function indexDrains(
  accounts: readonly DesiredSlurmAccount[],
  jobs: SlurmRows['jobs'],
  stops: SlurmStops,
): Drains {
  const keys = (isPending: boolean): Set<string> =>
    new Set(jobs.flatMap((job) => (job.isPending === isPending ? [`${job.user} ${job.account}`] : [])));
  return {
    spans: new Map(accounts.flatMap(({ name, drain }) => (drain === null ? [] : [[name, drain] as const]))),
    running: keys(false),
    pending: keys(true),
    stops,
  };
}

/** A stop that is not made yet counts from now. */
export function findDraining(
  { scimId, name }: Pick<DesiredSlurmPerson, 'scimId' | 'name'>,
  leaving: readonly SlurmAssociationRow[],
  { spans, running, stops }: Drains,
): SlurmDrain[] {
  if (stops.blocked.has(scimId)) return [];
  return leaving.flatMap(({ account, isStopped }) => {
    const key = `${name} ${account}`;
    const span = spans.get(account);
    const since = isStopped ? stops.at.get(key) : stops.now;
    if (span === undefined || since === undefined || !running.has(key)) return [];
    const until = since + span;
    return stops.now < until ? [{ name, account, until }] : [];
  });
}

/** No job is submitted, and none that is pending begins. */
export function planDrains(
  losing: Pick<SlurmSubmitStop, 'scimId' | 'name' | 'because' | 'isEnabled'>,
  leaving: readonly SlurmAssociationRow[],
  draining: readonly SlurmDrain[],
  { pending }: Drains,
): (SlurmSubmitStop | SlurmJobsCancel)[] {
  return draining.flatMap(({ name, account }) => {
    const isStopped = leaving.some((row) => row.account === account && row.isStopped);
    return [
      ...(isStopped ? [] : [{ kind: 'slurm-submit-stop', ...losing, account } as const]),
      ...(pending.has(`${name} ${account}`)
        ? [{ kind: 'slurm-jobs-cancel', ...losing, account, isPendingOnly: true } as const]
        : []),
    ];
  });
}
