// What a sync applies before it asks the name services for what is about to be granted: no revocation waits for them.
import type { Applied } from '../../host/host.ts';
import { isRevocation } from '../../plan/change.ts';
import type { GuardVerdict } from '../../plan/guard/guard-model.ts';
import type { SyncContext } from './context.ts';
import type { BeforeAsking } from './decide.ts';

/** `apply` is for `decide`; `applied` and `rows` say what became of it. */
export function createEarlyApplication({ host, state, config }: SyncContext) {
  const applied: Applied[] = [];
  let verdict: GuardVerdict | null = null;
  const rows = () =>
    verdict === null ? [] : applied.map((result) => historyRow(result, verdict as GuardVerdict));
  const apply: BeforeAsking = async (plan) => {
    const revocations = plan.verdict.go.filter(isRevocation);
    if (config.mode === 'observe' || revocations.length === 0) return [];
    ({ verdict } = plan);
    state.bind(plan.bindings);
    applied.push(...(await host.apply(revocations)));
    return rows().flatMap(({ at, scimId, kind, problem }) =>
      problem === null ? [{ at, scimId, kind }] : [],
    );
  };
  return { apply, applied: () => applied, rows };
}

/** One change as the history keeps it. */
export function historyRow(result: Applied, verdict: GuardVerdict) {
  const { scimId, kind, name, because } = result.change;
  return {
    at: result.at,
    scimId,
    kind: verdict.kinds.get(result.change) ?? kind,
    name,
    because,
    problem: result.ok ? null : result.problem,
  };
}
