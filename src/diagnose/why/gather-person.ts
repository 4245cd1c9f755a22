// What mirror, policy and plan know of one person: read, decided as a pass would, and nothing changed.
import type { StateView } from '../../state/state.ts';
import type { Config } from '../../config/config.ts';
import { findDisabledBecause, readOperatorOverrides, resolveAccess } from '../../policy/access.ts';
import type { StoredGroup, StoredUser, Refusal } from '../../policy/model.ts';
import { judgeKeys } from '../../policy/keys/key-policy.ts';
import { readKeys } from '../../policy/keys/ssh-key.ts';
import type { Decision } from '../../agent/reconcile/decide.ts';
import { findRemark, readOperatorFiles } from '../../agent/overrides/operator-files.ts';
import type { Paths } from '../../common/paths.ts';
import type { FoundPerson } from '../../agent/operator/find-person.ts';
import type { GroupFacts, KeyFacts, PersonFacts } from './facts.ts';

export function gatherPerson(
  { user, name }: FoundPerson,
  place: { readonly config: Config; readonly paths: Paths },
  mirror: Pick<StateView, 'quarantine' | 'history'>,
  groups: readonly StoredGroup[],
  decision: Decision,
): PersonFacts {
  const { config, paths } = place;
  const { record, absent, confirmedAt } = user;
  const { id } = record;
  const words = readOperatorOverrides(config, readOperatorFiles(paths).blocked);
  const rules = words.rulesFor(record, name);
  const { members } = resolveAccess(config.access, groups);
  const { active, userName } = record;
  const listed = words.isListed(userName);
  const desired = decision.desired.accounts.find(({ scimId }) => scimId === id) ?? null;
  const refusals = decision.desired.refusals.filter(({ kind, scimId }) => kind === 'User' && scimId === id);
  const remark = [id, userName, name]
    .map((word) => (word === null ? null : findRemark(paths.blocked, word)))
    .find((found) => found !== null);
  return {
    record,
    absent,
    confirmedAt,
    quarantine: mirror.quarantine().find((row) => row.kind === 'User' && row.id === id) ?? null,
    closed: findDisabledBecause({ block: rules.block, active, absent, member: members.has(id), listed }),
    block: rules.block ? (remark ?? 'overrides in the configuration say so') : null,
    groups: gatherGroups(config, groups, id),
    desired,
    refusals,
    common: decision.desired.refusals.filter(({ scimId }) => scimId === ''),
    actual: decision.actual.accounts.get(desired?.entry.name ?? name ?? '') ?? null,
    pending: decision.changes.filter(({ scimId }) => scimId === id),
    held: decision.verdict.held.filter(({ changes }) => changes.some(({ scimId }) => scimId === id)),
    problem: findProblem(mirror, name),
    keys: gatherKeys(user, rules.addKeys, words.fingerprints, config, desired, refusals),
  };
}

function gatherGroups(config: Config, groups: readonly StoredGroup[], id: string): GroupFacts[] {
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
    };
  });
}

/** Without case, blanks, dashes and underscores: how people misspell a group. */
function fold(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, '');
}

function findProblem(mirror: Pick<StateView, 'history'>, name: string | null) {
  if (name === null) return null;
  const rows = mirror.history({ name, limit: 50 });
  const newest = rows[0]?.pass;
  return rows.find(({ pass, problem }) => pass === newest && problem !== null) ?? null;
}

/** Each key once, in the order of the record; a shared key is refused by a rule that knows everybody. */
function gatherKeys(
  { record }: StoredUser,
  addKeys: readonly string[],
  blocked: readonly string[],
  config: Config,
  desired: Decision['desired']['accounts'][number] | null,
  refusals: readonly Refusal[],
): KeyFacts[] {
  const readings = readKeys([...record.keys, ...addKeys]);
  const policy = { ...config.keys, blocked: [...config.keys.blocked, ...blocked] };
  const { accepted, refused } = judgeKeys(readings, policy, []);
  const served = new Set(desired?.keys.map(({ fingerprint }) => fingerprint));
  const isOpen = desired !== null && desired.disabled === null;
  return [
    ...accepted.map(({ fingerprint, type }): KeyFacts => {
      const why = refusals.find(
        (refusal) => refusal.fingerprint === fingerprint && refusal.code !== 'key-shared',
      );
      const isRefused = isOpen && !served.has(fingerprint);
      return {
        fingerprint,
        type,
        refusal: isRefused ? (why?.detail ?? `the key ${fingerprint} is refused`) : null,
      };
    }),
    ...refused.map(({ fingerprint, detail }): KeyFacts => ({ fingerprint, type: null, refusal: detail })),
  ];
}
