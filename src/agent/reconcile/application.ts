// Applies the changes of a sync: revocations before the name services are asked for what is to be granted, then the rest.
import type { Applied } from '../../host/host.ts';
import { listAccessGroups } from '../../policy/access.ts';
import { describeKind, isRevocation } from '../../plan/change.ts';
import type { GuardVerdict } from '../../plan/guard/guard-model.ts';
import type { SyncContext } from './context.ts';
import type { BeforeAsking } from './decide.ts';
import { type PublicationReport, publishGeneration } from '../publication/publish-generation.ts';

export interface Application {
  /** For `decide`: what must not wait. */
  readonly early: BeforeAsking;
  /** What may go of the decision. */
  late(verdict: GuardVerdict): Promise<void>;
  /** How many changes `early` tried. */
  countEarly(): number;
  applied(): readonly Applied[];
  /** What followers have after `late`; null: this node publishes no generations. */
  publication(): PublicationReport | null;
  /** `applied` as the history keeps it. */
  rows(): HistoryRow[];
}

type HistoryRow = ReturnType<typeof toRow>;

/**
 * Does nothing in mode observe.
 * @param now epoch seconds.
 * @param before what an operator's command applied before the sync: in the history, and counted by no limit.
 */
export function createApplication(
  context: Pick<SyncContext, 'host' | 'paths' | 'state' | 'config' | 'onProgress'>,
  now: number,
  before: readonly Applied[],
): Application {
  const { host, state, config, onProgress } = context;
  let publication: PublicationReport | null = null;
  const applied: Applied[] = [];
  const rows: HistoryRow[] = [];
  let early = 0;
  const findVia = (scimId: string): readonly string[] => {
    via ??= listAccessGroups(config, state.groups());
    return via.get(scimId) ?? [];
  };
  let via: ReadonlyMap<string, readonly string[]> | null = null;
  const isObserving = config.mode === 'observe';
  const add = (results: readonly Applied[], verdict: GuardVerdict): HistoryRow[] => {
    const added = results.map((result) => toRow(result, verdict, findVia));
    for (const result of results) applied.push(result);
    for (const row of added) rows.push(row);
    return added;
  };
  if (before.length > 0) {
    const accounts = state.bindings().filter(({ kind }) => kind === 'account');
    const ids = new Map(accounts.map(({ name, scimId }) => [name, scimId]));
    for (const result of before) {
      const row = toRow(result, null, findVia);
      rows.push({ ...row, scimId: row.scimId ?? ids.get(row.name) ?? null, kind: `${row.kind}:unweighed` });
    }
  }
  return {
    async early({ verdict, bindings, firstOwners }) {
      const revocations = verdict.go.filter(isRevocation);
      if (isObserving || revocations.length === 0) return [];
      state.bind(bindings);
      state.recordFirstOwners(firstOwners);
      early = revocations.length;
      const added = add(await host.apply(revocations), verdict);
      publishGeneration(context, now);
      return added.flatMap(({ at, scimId, kind, problem }) =>
        problem === null ? [{ at, scimId, kind }] : [],
      );
    },
    async late(verdict) {
      const { go } = verdict;
      if (isObserving) return;
      add(await host.apply(go, (done) => onProgress?.('apply', done, go.length)), verdict);
      publication = publishGeneration(context, now);
    },
    countEarly: () => early,
    applied: () => applied,
    publication: () => publication,
    rows: () => rows,
  };
}

/** Kinds that begin a person's access: of these it is kept through which groups. */
const BEGINS: ReadonlySet<string> = new Set(['account-create', 'account-reopen']);

function toRow(
  result: Applied,
  verdict: GuardVerdict | null,
  findVia: (scimId: string) => readonly string[],
) {
  const { scimId, kind, name, because } = result.change;
  const evidence = describeKind(result.change).evidence(result.change);
  const via = scimId !== null && BEGINS.has(kind) ? { via: findVia(scimId) } : null;
  return {
    detail: via === null ? evidence : { ...evidence, ...via },
    at: result.at,
    scimId,
    kind: verdict?.kinds.get(result.change) ?? kind,
    name,
    because,
    problem: result.ok ? null : result.problem,
  };
}
