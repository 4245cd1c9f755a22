// Policy, plan and guard in one go: what a pass would do now, from the mirror and the host as they are; changes nothing.
import type { Mirror } from '../../state/state.ts';
import type { Host } from '../../host/host.ts';
import { type ActualHost, CLOSED_DAY } from '../../plan/actual.ts';
import { type Change, isAccountChange } from '../../plan/change.ts';
import { guard, type GuardVerdict } from '../../plan/guard/guard.ts';
import { splitExchanges } from '../../plan/guard/freeze.ts';
import { planChanges } from '../../plan/plan.ts';
import { adoptLost } from '../../policy/identity/adopt.ts';
import { desire } from '../../policy/desired-state.ts';
import type { Binding, DesiredHost } from '../../policy/model.ts';
import { isUnknown } from '../../policy/unknown.ts';
import { readOperatorFiles } from '../overrides/operator-files.ts';
import { readExtensions } from '../overrides/extensions.ts';
import type { Hearing } from '../ingest/freshness.ts';
import type { PassParts } from './context.ts';

/** What a pass would do, and on what grounds; nothing has been done yet. */
export interface Decision {
  /** Bindings that the ledger had lost and that were worked out anew. */
  readonly adopted: readonly Binding[];
  readonly desired: DesiredHost;
  readonly actual: ActualHost;
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
  parts: Pick<PassParts, 'config' | 'paths' | 'host' | 'cacheFault'> & {
    readonly mirror: Pick<Mirror, 'bindings' | 'users' | 'groups' | 'guardRecord'>;
  },
  now: number,
  hearing: Hearing,
): Promise<Decision> {
  const { config, mirror, host } = parts;
  const operator = readOperatorFiles(parts.paths);
  const recorded = mirror.bindings();
  const users = mirror.users();
  const groups = mirror.groups();
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
  const desired = desire({ ...question, bindings, facts });
  const actual = host.read(bindings, desired);
  const planned = planChanges(desired, actual);
  // Where another node publishes the accounts they are that one's to change.
  const isReader = config.accounts.backend === 'published';
  const ours = isReader ? planned.filter((change) => !isAccountChange(change)) : planned;
  const isFrozen = operator.frozenUntil > now;
  const freezeReason = parts.cacheFault !== null ? UNRECORDED : isFrozen ? FROZEN : null;
  const changes = freezeReason === null ? ours : splitExchanges(ours);
  const verdict = guard({
    changes,
    desired,
    actual,
    users,
    groups,
    config,
    record: mirror.guardRecord(now - guardWindow(config)),
    approved: operator.approved,
    freezeReason,
    now,
  });
  const unknown = config.mode === 'observe' || isReader ? [] : listUnknown(desired, actual, host);
  return { adopted, desired, actual, changes, verdict, unknown };
}

function listUnknown({ leftovers = [] }: DesiredHost, { keyFiles }: ActualHost, host: Host): string[] {
  return leftovers.filter(isUnknown).flatMap(({ name }) => {
    const isClosed = host.lookUp(name)?.account.expiryDay === CLOSED_DAY;
    return isClosed && !keyFiles.has(name) ? [] : [name];
  });
}

/** How far back the guard counts, in seconds. */
export function guardWindow({ limits }: PassParts['config']): number {
  return Math.max(limits.max_loss.window, limits.max_gain.window);
}
