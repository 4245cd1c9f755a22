// Gathers the facts for `why`: the state database read-only, the host asked in parallel. It needs neither daemon nor store.
import { openHost } from '../../host/host.ts';
import { findUnmounted } from '../../host/probes/unmounted.ts';
import { applyGrants } from '../../policy/grants.ts';
import { viewState, type StateView } from '../../state/state.ts';
import type { Binding } from '../../policy/model.ts';
import type { Config } from '../../config/config.ts';
import type { NodeContext } from '../../agent/node-context.ts';
import { decide } from '../../agent/reconcile/decide.ts';
import { judgeFreshness } from '../../agent/ingest/freshness.ts';
import { proveUse, type ProofOfUse } from '../../agent/report/proof-of-use.ts';
import { readStatus } from '../../agent/report/status.ts';
import { findNewcomer, findPerson, type FoundPerson } from '../../agent/operator/find-person.ts';
import { findFormerSubject } from '../../agent/operator/resolve-subject.ts';
import { type ProbeResult, tryProbe } from '../probe.ts';
import type { Facts, PersonFacts } from './facts.ts';
import { gatherHostFacts } from './gather-host.ts';
import { gatherPerson } from './gather-person.ts';

const USE_WINDOW_SECONDS = 30 * 86_400;

/**
 * @param fingerprint the one key of the question; null: all.
 * @param now epoch seconds.
 * @param from the address that the user connects from; undefined: this machine's own.
 */
export async function gatherFacts(
  context: Pick<NodeContext, 'config' | 'paths'>,
  question: string,
  fingerprint: string | null,
  now: number,
  from?: string,
): Promise<Facts> {
  const { config, paths } = context;
  const view = await tryProbe(() => viewState(paths.state));
  try {
    const state = view.ok ? readOnce(view.value) : null;
    const found = state === null ? null : findMeant(question, state, config);
    const name = found?.name ?? (/^[a-z_][a-z0-9_.-]{0,31}$/i.test(question) ? question : null);
    const host = gatherHostFacts(context, name, now, from);
    const person: Facts['person'] =
      state === null ? failedProbe(view) : await tryProbe(() => decideFor(context, state, found, now));
    const key = fingerprint ?? (question.startsWith('SHA256:') ? question : null);
    const used = key === null ? null : tryProbe(() => findUse(paths.root, key, state?.bindings() ?? [], now));
    return {
      now,
      question,
      name,
      from: from ?? null,
      fingerprint: key,
      config,
      status: await tryProbe(() => readStatus(paths.status)),
      unmounted: findUnmountedState(paths),
      person,
      newcomer: state === null || found !== null ? null : findNewcomer(question, state.quarantine(), config),
      used: await used,
      ...(await host),
    };
  } finally {
    if (view.ok) view.value.close();
  }
}

/** Also by a name that the account once had, as every command understands it. */
function findMeant(question: string, state: StateView, config: Config): FoundPerson | null {
  const users = state.users();
  const found = findPerson(question, users, state.bindings(), config);
  const former = found === null ? findFormerSubject(question, state, config) : null;
  const user = former === null ? undefined : users.find(({ record }) => record.id === former.scimId);
  return found ?? (user === undefined ? null : { user, name: former?.name ?? null });
}

/** The keys may lie on another disk. */
function findUnmountedState({ root, state, keys }: NodeContext['paths']): Facts['unmounted'] {
  const point = findUnmounted(root, state);
  return point === null ? null : { point, hasKeys: findUnmounted(root, keys) === null };
}

function findUse(
  root: string,
  fingerprint: string,
  bindings: readonly Binding[],
  now: number,
): Promise<ProofOfUse> {
  return proveUse({ fingerprint, since: now - USE_WINDOW_SECONDS, limit: 20 }, bindings, root);
}

/** All that is asked sees the same lists, whatever a sync writes meanwhile. */
function readOnce(view: StateView): StateView {
  const [users, bindings, groups] = [view.users(), view.bindings(), view.groups()];
  return { ...view, users: () => users, bindings: () => bindings, groups: () => groups };
}

async function decideFor(
  context: Pick<NodeContext, 'config' | 'paths'>,
  state: StateView,
  found: FoundPerson | null,
  now: number,
): Promise<PersonFacts | null> {
  if (found === null) return null;
  const decision = await decide(
    { ...context, state, host: openHost(context), stateFault: null },
    now,
    judgeFreshness(null, state, now),
  );
  return gatherPerson(found, {
    ...context,
    state,
    groups: applyGrants(state.groups(), decision.grants),
    decision,
  });
}

function failedProbe(view: ProbeResult<unknown>): ProbeResult<never> {
  return { ok: false, why: view.ok ? '' : view.why };
}
