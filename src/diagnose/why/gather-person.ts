// What state database, policy and plan know of one person: decided as a sync decides, and nothing changed.
import { EARLIER_FAILED } from '../../plan/change.ts';
import type { StateView } from '../../state/state.ts';
import type { Config } from '../../config/config.ts';
import { findDisabledBecause, readOperatorOverrides, resolveAccess } from '../../policy/access.ts';
import { followConfig } from '../../policy/identity/former.ts';
import { findSuccessions } from '../../policy/ledger/succession.ts';
import type { JudgedGrant } from '../../policy/grants.ts';
import type { StoredGroup } from '../../policy/model.ts';
import { applyChosenNames } from '../../policy/names/chosen-names.ts';
import { createAdvice } from '../../policy/names/explain-names.ts';
import type { SyncPlan } from '../../plan/sync/plan-sync.ts';
import { listBlocked } from '../../agent/reconcile/decide.ts';
import { findRemark, readOperatorFiles } from '../../agent/overrides/operator-files.ts';
import type { Paths } from '../../common/paths.ts';
import type { FoundPerson } from '../../agent/operator/find-person.ts';
import type { GroupFacts, PersonFacts } from './facts.ts';
import { gatherKeys } from './gather-keys.ts';

export interface PersonSources {
  readonly config: Config;
  readonly paths: Paths;
  readonly state: Pick<StateView, 'quarantine' | 'history' | 'bindings' | 'former' | 'users'>;
  readonly groups: readonly StoredGroup[];
  readonly decision: SyncPlan;
}

export function gatherPerson({ user, name }: FoundPerson, sources: PersonSources): PersonFacts {
  const { paths, state, groups, decision } = sources;
  const config = followConfig(sources.config, state.former());
  const { record, absent, confirmedAt } = user;
  const { id, active, userName } = record;
  const overrides = readOperatorOverrides(config, listBlocked(readOperatorFiles(paths).blocks, [user]));
  const rules = overrides.rulesFor(record, name);
  const { members } = resolveAccess(config.access, groups);
  const listed = overrides.isListed(userName);
  const desired = decision.desired.accounts.find(({ scimId }) => scimId === id) ?? null;
  const refusals = decision.desired.refusals.filter(({ kind, scimId }) => kind === 'User' && scimId === id);
  const remark = [id, userName, name]
    .map((entry) => (entry === null ? null : findRemark(paths.blocked, entry, entry === id)))
    .find((found) => found !== null);
  return {
    record,
    absent,
    confirmedAt,
    quarantine: state.quarantine().find((row) => row.kind === 'User' && row.id === id) ?? null,
    disabled: findDisabledBecause({ block: rules.block, active, absent, member: members.has(id), listed }),
    block: !rules.block
      ? null
      : remark === undefined || remark === null
        ? { source: 'overrides', detail: 'overrides in the configuration say so' }
        : { source: 'block-list', detail: remark },
    groups: gatherGroups(config, groups, id, decision.grants),
    desired,
    refusals,
    successions: findSuccessions({ users: state.users(), groups, bindings: state.bindings(), config }).filter(
      ({ kind, from, to }) => kind === 'group' || from === id || to === id,
    ),
    nameAdvice: adviseName({ user, name }, refusals, sources),
    commonRefusals: decision.desired.refusals.filter(({ code }) => code === 'marker-taken'),
    actual: decision.actual.accounts.get(desired?.entry.name ?? name ?? '') ?? null,
    held: decision.verdict.held.filter(({ changes }) => changes.some(({ scimId }) => scimId === id)),
    problem: findProblem(state, name),
    keys: gatherKeys({
      user,
      addKeys: rules.addKeys,
      blocked: overrides.fingerprints,
      config,
      desired,
      refusals,
    }),
  };
}

function adviseName(
  { user }: FoundPerson,
  refusals: PersonFacts['refusals'],
  { state, config, decision: { desired, facts } }: PersonSources,
): string | null {
  const refusal = refusals.find(({ code }) => code.startsWith('name-'));
  if (refusal === undefined) return null;
  const bindings = state.bindings().filter(({ kind }) => kind === 'account');
  const question = { users: applyChosenNames(state.users(), config), bindings, desired, facts, config };
  return createAdvice(question, bindings)(user, refusal.code);
}

/** Pure: each group of `access.groups` and whether it lists this SCIM id. @param groups with grants. */
export function gatherGroups(
  config: Config,
  groups: readonly StoredGroup[],
  id: string,
  grants: readonly JudgedGrant[],
): GroupFacts[] {
  const present = groups.filter(({ absent }) => !absent).map(({ record }) => record);
  return config.access.groups.map((reference) => {
    const [found = null] = resolveAccess(
      { ...config.access, groups: [reference], sudo_groups: [] },
      groups,
    ).accessGroups;
    const folded = fold(reference.name);
    return {
      name: reference.name,
      pinned: reference.id,
      found,
      lookalikes: present
        .filter((group) => group !== found && fold(group.name) === folded)
        .map(({ name }) => name),
      listsPerson: found?.members.includes(id) ?? false,
      grant: grants.find((one) => one.inForce && one.scimId === id && one.groupId === found?.id) ?? null,
    };
  });
}

/** Without case, blanks, dashes and underscores: how people misspell a group. */
function fold(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, '');
}

/** The newest change of this name that failed, if its newest sync is the one that failed; a cause before its effects. */
export function findProblem(state: Pick<StateView, 'history'>, name: string | null): PersonFacts['problem'] {
  if (name === null) return null;
  const rows = state.history({ name, limit: 50 });
  const newest = rows[0]?.sync;
  const failed = rows.filter(({ sync, problem }) => sync === newest && problem !== null);
  return failed.find(({ problem }) => problem !== EARLIER_FAILED) ?? failed[0] ?? null;
}
