// Group names and gids that are taken, by this node or by the ledger.
import type { Config } from '../../config/config.ts';
import type { Fault } from '../identity/identity.ts';
import type { FormerBinding } from '../identity/former.ts';
import { isReservedId } from '../identity/reserved.ts';
import { isSafeName } from '../identity/username.ts';
import type { InUse, Location } from '../in-use.ts';
import type { Binding, NodeFacts } from '../model.ts';

export interface GroupAllocations {
  readonly privilegedNames: ReadonlyMap<string, Location>;
  readonly privilegedGids: ReadonlyMap<number, Location>;
  readonly foreignNames: ReadonlySet<string>;
  readonly foreignGids: ReadonlySet<number>;
  readonly inUse: InUse;
  readonly publishedGids: ReadonlyMap<string, number>;
  readonly publishedNames: ReadonlyMap<number, string>;
  /** SCIM ids by the name that the ledger binds to them. */
  readonly boundNames: ReadonlyMap<string, string>;
  readonly boundGids: ReadonlySet<number>;
  /** Primary gids of all bound accounts. */
  readonly primaryGids: ReadonlySet<number>;
  readonly managedGroup: { readonly name: string; readonly gid: number };
}

/**
 * @param bindings those of groups.
 * @param primaryGids of all bound accounts.
 * @param former moves of before: their gids stay taken.
 */
export function collectGroupAllocations(
  bindings: Iterable<Binding>,
  primaryGids: ReadonlySet<number>,
  former: readonly FormerBinding[],
  facts: NodeFacts,
  { accounts }: Config,
): GroupAllocations {
  const bound = [...bindings];
  const published = facts.published?.groups ?? [];
  return {
    privilegedNames: facts.privilegedGroups,
    privilegedGids: facts.privilegedGids,
    foreignNames: new Set(facts.foreignGroups.map(({ name }) => name)),
    foreignGids: new Set(facts.foreignGroups.map(({ gid }) => gid)),
    inUse: facts.inUse,
    publishedGids: new Map(published.map(({ name, gid }) => [name, gid])),
    publishedNames: new Map(published.map(({ name, gid }) => [gid, name])),
    boundNames: new Map(bound.map(({ name, scimId }) => [name, scimId])),
    boundGids: new Set([...bound, ...former.filter(({ kind }) => kind === 'group')].map(({ id }) => id)),
    primaryGids,
    managedGroup: { name: accounts.primary_group, gid: accounts.primary_gid },
  };
}

/** Why what the ledger binds may not stand on this node, or null. */
export function findBoundGroupFault({ name, id }: Binding, taken: GroupAllocations): Fault | null {
  if (!isSafeName(name) || isReservedId(id)) {
    return {
      code: 'group-unsafe',
      detail: `the ledger binds it to a name or gid (${id}) that is never granted`,
    };
  }
  if (taken.foreignNames.has(name) || taken.foreignGids.has(id)) {
    return {
      code: 'group-local',
      detail: `a local group has its name ${name} or its gid ${id}; local ones win`,
    };
  }
  if (name === taken.managedGroup.name || id === taken.managedGroup.gid) {
    return { code: 'group-marker', detail: `the managed group (accounts.primary_group) has its name or gid` };
  }
  return null;
}
