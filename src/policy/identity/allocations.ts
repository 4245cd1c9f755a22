// Names, ids and homes that are taken, by this node or by the ledger.
import type { Config } from '../../config/config.ts';
import type { InUse, Location } from '../in-use.ts';
import type { Binding, NodeFacts, PublishedAccount } from '../model.ts';
import type { FormerBinding } from './former.ts';
import type { HomeOnHost } from './own-home.ts';
import { foldDomains } from './username.ts';

export interface Allocations {
  readonly config: Config;
  /** `accounts.domains`, folded. */
  readonly domains: ReadonlySet<string>;
  /** SCIM ids by the name, uid or home that the ledger binds to them. */
  readonly boundNames: ReadonlyMap<string, string>;
  readonly boundUids: ReadonlyMap<number, string>;
  readonly boundHomes: ReadonlyMap<string, string>;
  readonly foreignNames: ReadonlySet<string>;
  readonly foreignUids: ReadonlySet<number>;
  /** Names of local groups by gid. */
  readonly foreignGids: ReadonlyMap<number, string>;
  readonly privilegedNames: ReadonlyMap<string, Location>;
  readonly privilegedUids: ReadonlyMap<number, Location>;
  readonly privilegedGids: ReadonlyMap<number, Location>;
  readonly published: ReadonlyMap<string, PublishedAccount>;
  readonly publishedUids: ReadonlyMap<string, number>;
  readonly publishedNames: ReadonlyMap<number, string>;
  readonly inUse: InUse;
  readonly homes: ReadonlyMap<string, HomeOnHost>;
  readonly unboundUids: ReadonlyMap<string, number>;
  readonly unboundNames: ReadonlyMap<number, string>;
}

/**
 * @param bindings those of accounts.
 * @param former moves of before: their uids stay taken.
 */
export function collectAllocations(
  config: Config,
  facts: NodeFacts,
  bindings: Iterable<Binding>,
  former: readonly FormerBinding[],
): Allocations {
  const boundNames = new Map<string, string>();
  const boundUids = new Map<number, string>();
  const boundHomes = new Map<string, string>();
  for (const { kind, to, id } of former) if (kind === 'account') boundUids.set(id, to);
  for (const { scimId, name, id, home } of bindings) {
    boundNames.set(name, scimId);
    boundUids.set(id, scimId);
    if (home !== null) boundHomes.set(home, scimId);
  }
  const { foreignAccounts, foreignGroups, unbound } = facts;
  const published = facts.published?.accounts ?? [];
  return {
    config,
    domains: foldDomains(config.accounts.domains),
    boundNames,
    boundUids,
    boundHomes,
    foreignNames: new Set(foreignAccounts.map(({ name }) => name)),
    foreignUids: new Set(foreignAccounts.map(({ uid }) => uid)),
    foreignGids: new Map(foreignGroups.map(({ name, gid }) => [gid, name])),
    privilegedNames: facts.privilegedNames,
    privilegedUids: facts.privilegedUids,
    privilegedGids: facts.privilegedGids,
    published: new Map(published.map((account) => [account.name, account])),
    publishedUids: new Map(published.map(({ name, uid }) => [name, uid])),
    publishedNames: new Map(published.map(({ name, uid }) => [uid, name])),
    inUse: facts.inUse,
    homes: facts.homes,
    unboundUids: new Map(unbound.map(({ name, uid }) => [name, uid])),
    unboundNames: new Map(unbound.map(({ name, uid }) => [uid, name])),
  };
}
