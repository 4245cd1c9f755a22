// What a sync leaves behind for status, history and metrics: plain data, stored with the sync.
import type { Succession } from '../../policy/ledger/succession.ts';
import { AgentError } from '../../common/errors.ts';
import type { Applied } from '../../host/host.ts';
import type { StateDatabase } from '../../state/state.ts';
import { isHomeFault } from '../../policy/identity/own-home.ts';
import type { DesiredState, Refusal } from '../../policy/model.ts';
import type { FetchResult } from '../ingest/fetch-store.ts';
import { type Pause, StoreBusy } from '../../protocol/store-busy.ts';
import type { UnmanagedAccount } from '../../plan/sync/list-not-in-store.ts';
import type { SyncPlan } from '../../plan/sync/plan-sync.ts';
import { countPresent } from './present-accounts.ts';
import { countRecords, type RecordCounts } from './count-records.ts';
import type { Application } from './application.ts';
import type { PublicationReport } from '../publication/publish-generation.ts';
import { nameRefusals } from './name-refusals.ts';
import type { SyncMode } from '../ingest/sync-request.ts';

export interface HeldSummary {
  readonly hash: string;
  readonly reason: string;
  /** How many changes wait. */
  readonly changes: number;
  /** Epoch seconds when it acts by itself; null: it waits for approval. */
  readonly actsAt: number | null;
}

/** One grant in force. */
export interface GrantSummary {
  /** The account's name; the SCIM id where there is no account. */
  readonly name: string;
  readonly group: string;
  /** Epoch seconds. */
  readonly until: number;
  readonly by: string;
  readonly reason: string;
}

export interface SyncReport {
  readonly n: number;
  /** Epoch seconds. */
  readonly startedAt: number;
  readonly mode: SyncMode | 'state';
  readonly fetched: FetchResult | null;
  /** Why the store could not be fetched; null if it was, or was not asked. */
  readonly failure: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    /** The store wants no request until then, epoch milliseconds; absent: that is not the failure. */
    readonly pause?: Pause;
  } | null;
  /** Hash of the state database's records; equal on nodes that have fetched the same. */
  readonly snapshot: string;
  readonly counts: {
    readonly users: number;
    readonly groups: number;
    readonly accountsEnabled: number;
    readonly accountsDisabled: number;
    readonly quarantined: number;
    readonly refused: number;
  };
  readonly changes: {
    readonly planned: number;
    readonly done: number;
    readonly failed: number;
    readonly held: number;
  };
  readonly held: readonly HeldSummary[];
  /**
   * Accounts in the managed group that are not managed, because neither the ledger nor the store knows them: how many,
   * the first of them, and how many have a key file, for which the store is read completely each time. null or, by
   * another build, left out: none.
   */
  readonly unknown?: UnmanagedSummary | null;
  /** Whose home is not safe to log in to, as a sentence each; at most 20. By another build, left out: none. */
  readonly homes?: readonly string[];
  /**
   * Users and groups that were created again at the store and are refused here: how many, and the first five. null or, by
   * another build, left out: none.
   */
  readonly stranded?: { readonly count: number; readonly first: readonly Succession[] } | null;
  /** At most 100, in the policy's order. `subject`: who it is, by name; a build before left it out. */
  readonly refusals: readonly (Refusal & { readonly subject?: string })[];
  /** What could not be done to the host, or written into the state database, one sentence each; at most 21. */
  readonly problems: readonly string[];
  /** Epoch seconds of the first and the last key to expire; null where none does. */
  readonly keyExpiry: { readonly earliest: number; readonly latest: number } | null;
  /** How many accounts' keys live on by an operator's extension, and until when at the latest (epoch seconds); null: none. */
  readonly extended: {
    readonly accounts: number;
    readonly until: number;
    readonly by: readonly string[];
  } | null;
  /** What a publisher's followers have now. Left out: this node publishes no generations. */
  readonly publication?: PublicationReport;
  /** Grants in force, at most 100; absent: there is none. */
  readonly grants?: readonly GrantSummary[];
  /** Milliseconds a step. */
  readonly durations: Readonly<Record<string, number>>;
  readonly tally: RecordCounts;
}

export interface ReportInput {
  readonly n: number;
  readonly startedAt: number;
  readonly mode: SyncReport['mode'];
  readonly fetched: FetchResult | AgentError | null;
  readonly plan: SyncPlan;
  readonly stateFault: string | null;
  readonly application: Pick<Application, 'applied' | 'countEarly' | 'publication'>;
  readonly state: StateDatabase;
  readonly durations: Readonly<Record<string, number>>;
}

/** Gathers the report; reads the state database, changes nothing. */
export function reportSync(input: ReportInput): SyncReport {
  const { plan, application, state, fetched, stateFault } = input;
  const applied = application.applied();
  const publication = application.publication();
  const { desired, changes, verdict } = plan;
  const failures = applied.filter((result) => !result.ok);
  const isFailed = fetched instanceof AgentError;
  const { accountsEnabled, accountsDisabled, keyExpiry } = countPresent(plan, applied);
  return {
    n: input.n,
    startedAt: input.startedAt,
    mode: input.mode,
    fetched: isFailed ? null : fetched,
    failure: isFailed ? describeFailure(fetched) : null,
    snapshot: state.snapshotHash(),
    counts: {
      ...state.counts(),
      accountsEnabled,
      accountsDisabled,
      refused: desired.refusals.length,
    },
    changes: {
      planned: changes.length + application.countEarly(),
      done: applied.length - failures.length,
      failed: failures.length,
      held: verdict.held.reduce((sum, set) => sum + set.changes.length, 0),
    },
    held: verdict.held.map(({ hash, reason, changes: waiting, actsAt }) => ({
      hash,
      reason,
      changes: waiting.length,
      actsAt,
    })),
    unknown: summariseNotInStore(plan.notInStore, findDone(applied)),
    ...describeFindings(plan),
    refusals: nameRefusals(desired.refusals.slice(0, 100), state),
    problems: [
      ...(stateFault === null ? [] : [stateFault]),
      ...sayProblem(publication),
      ...failures.slice(0, 20).map(({ change, problem }) => `${change.kind} ${change.name}: ${problem}`),
    ],
    keyExpiry,
    extended: findExtended(desired),
    ...(publication === null ? {} : { publication }),
    durations: input.durations,
    tally: countRecords(plan, applied, state.quarantine()),
  };
}

/** The account's name is in the path of most homes; of a person without an account only the SCIM id is known. */
function describeUnsafeHomes({ refusals, accounts }: DesiredState): string[] {
  const unsafe = refusals.filter(({ code }) => isHomeFault(code)).slice(0, 20);
  if (unsafe.length === 0) return [];
  const names = new Map(accounts.map(({ scimId, entry }) => [scimId, entry.name]));
  return unsafe.map(({ scimId, detail }) => `${names.get(scimId) ?? scimId}: ${detail}`);
}

function describeFailure(error: AgentError): SyncReport['failure'] {
  const { code, message, hint } = error;
  return { code, message, hint, ...(error instanceof StoreBusy ? { pause: error.pause } : {}) };
}

function sayProblem(publication: PublicationReport | null): string[] {
  const problem = publication?.problem ?? null;
  return problem === null ? [] : [`followers keep the generation before: ${problem}`];
}

/** Whether the store was fetched and the host agrees with it now. */
export function isAgreed({ fetched, failure, changes, unknown = null, publication }: SyncReport): boolean {
  const isFetched = failure === null && (fetched === null || fetched.problems.length === 0);
  const isPublished = (publication?.problem ?? null) === null;
  return (
    isFetched && isPublished && changes.failed === 0 && changes.held === 0 && (unknown?.withKeys ?? 0) === 0
  );
}

export interface UnmanagedSummary {
  readonly accounts: number;
  readonly first: readonly string[];
  readonly withKeys?: number;
}

/** @param done names whose key file was removed. */
export function summariseNotInStore(
  unmanaged: readonly UnmanagedAccount[],
  done: ReadonlySet<string>,
): UnmanagedSummary | null {
  if (unmanaged.length === 0) return null;
  const names = unmanaged.map(({ name }) => name).sort();
  const withKeys = unmanaged.filter(({ name, hasKeys }) => hasKeys && !done.has(name)).length;
  return { accounts: names.length, first: names.slice(0, 5), withKeys };
}

function findDone(applied: readonly Applied[]): Set<string> {
  const done = new Set(applied.map(({ change }) => change.name));
  for (const { ok, change } of applied) if (!ok) done.delete(change.name);
  return done;
}

function findExtended({ accounts }: DesiredState): SyncReport['extended'] {
  let extended = 0;
  let latest = 0;
  const operators = new Set<string>();
  for (const { extension } of accounts) {
    if (extension === null) continue;
    extended += 1;
    latest = Math.max(latest, extension.until);
    operators.add(extension.by);
  }
  return extended === 0 ? null : { accounts: extended, until: latest, by: [...operators].sort() };
}

/** Those in force. */
export function summariseGrants(
  grants: SyncPlan['grants'],
  { accounts }: Pick<DesiredState, 'accounts'>,
): GrantSummary[] {
  const valid = grants.filter(({ inForce }) => inForce);
  if (valid.length === 0) return [];
  const names = new Map(accounts.map(({ scimId, entry }) => [scimId, entry.name]));
  return valid.map(({ scimId, group, until, by, reason }) => ({
    name: names.get(scimId) ?? scimId,
    group,
    until,
    by,
    reason,
  }));
}

/** What most syncs do not have, and 0.1.0 does not know: left out where there is nothing to say. */
function describeFindings({
  desired,
  stranded,
  grants,
}: SyncPlan): Pick<SyncReport, 'homes' | 'stranded' | 'grants'> {
  const valid = summariseGrants(grants, desired);
  const homes = describeUnsafeHomes(desired);
  return {
    ...(homes.length === 0 ? {} : { homes }),
    ...(valid.length === 0 ? {} : { grants: valid.slice(0, 100) }),
    ...(stranded.length === 0 ? {} : { stranded: { count: stranded.length, first: stranded.slice(0, 5) } }),
  };
}
