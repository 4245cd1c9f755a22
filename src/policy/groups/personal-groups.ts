// Groups for primary gids that no other group has: without one, id(1) and each login shell complain about the number.
import { isPublisher } from '../../config/accounts.ts';
import type { Config } from '../../config/config.ts';
import { isReservedId, isReservedName } from '../identity/reserved.ts';
import { isSafeName } from '../identity/username.ts';
import type { Binding, DesiredAccount, DesiredGroup, NodeFacts } from '../model.ts';
import type { Grant, ServiceCheck } from '../name-services.ts';

export interface PersonalGroups {
  readonly groups: readonly DesiredGroup[];
  /** New ones. The SCIM id is that of the account: the store has no such group. */
  readonly bindings: readonly Binding[];
  readonly grants: readonly Grant[];
}

export interface PersonalGroupsQuestion {
  readonly accounts: readonly DesiredAccount[];
  /** The other groups of the node that are managed. */
  readonly groups: readonly DesiredGroup[];
  /** Every binding of a group by SCIM id. */
  readonly bindings: ReadonlyMap<string, Binding>;
  readonly facts: NodeFacts;
  readonly config: Config;
  readonly services: ServiceCheck;
  /** Epoch seconds. */
  readonly now: number;
}

/**
 * An imported account keeps its primary gid, whose group another program made and will not go on making. The group keeps
 * the name that it is published with, else it has the name of the account. It has no members besides and gives nothing.
 */
export function makePersonalGroups(question: PersonalGroupsQuestion): PersonalGroups {
  const { accounts, groups, bindings, facts, config, services, now } = question;
  const made = { groups: [] as DesiredGroup[], bindings: [] as Binding[], grants: [] as Grant[] };
  const named = new Set([config.accounts.primary_gid, ...groups.map(({ gid }) => gid)]);
  for (const { gid } of facts.foreignGroups) named.add(gid);
  // A publisher goes on publishing the former publisher's groups as they are, members included (see inherited.ts).
  if (isPublisher(config.accounts)) for (const { gid } of facts.published?.groups ?? []) named.add(gid);
  const bound = new Map([...bindings.values()].map((binding) => [binding.id, binding]));
  const free = findFreeNames(question);
  for (const { scimId, entry } of accounts) {
    const { gid } = entry;
    if (named.has(gid) || isReservedId(gid)) continue;
    named.add(gid);
    const before = bound.get(gid);
    const name =
      before?.name ?? facts.published?.groups.find((group) => group.gid === gid)?.name ?? entry.name;
    if (before === undefined) {
      if (!free(name)) continue;
      const grant = { group: name, gid };
      made.grants.push(grant);
      if (services.findFault(grant) !== null) continue;
      const fresh = { scimId, kind: 'group', name, id: gid, gid: null, home: null } as const;
      if (bindings.has(scimId)) continue;
      made.bindings.push({ ...fresh, boundAt: now, disabledAt: null });
    }
    made.groups.push({
      scimId: before?.scimId ?? scimId,
      name,
      gid,
      members: [],
      sudo: false,
    });
  }
  return made;
}

function findFreeNames({
  groups,
  bindings,
  facts,
  config,
}: PersonalGroupsQuestion): (name: string) => boolean {
  const taken = new Set([
    config.accounts.primary_group,
    ...groups.map(({ name }) => name),
    ...[...bindings.values()].map(({ name }) => name),
    ...facts.foreignGroups.map(({ name }) => name),
    ...facts.inUse.groups.keys(),
    ...facts.privilegedGroups.keys(),
  ]);
  // sudo(8) compares names without case.
  return (name) =>
    isSafeName(name) && !isReservedName(name) && ![name, name.toLowerCase()].some((one) => taken.has(one));
}
