// Which name, uid, gid and home a person gets who is not bound yet; every node resolves a clash alike.
import type { Config } from '../../config/config.ts';
import type { UserRecord } from '../../protocol/records.ts';
import { findGidInUse, findUidInUse, type InUse, type Location } from '../in-use.ts';
import type { HomeOnHost } from './own-home.ts';
import type { FormerBinding } from './former.ts';
import type { Binding, NodeFacts, PublishedAccount } from '../model.ts';
import { chooseId } from './ids.ts';
import { chooseHome, isSafeHome } from './profile.ts';
import { isReservedId, isReservedName } from './reserved.ts';
import { foldDomains, isSafeName, readUsername } from './username.ts';
import { compareClaims } from './precedence.ts';

/** What an account is identified by on a host. */
export interface Identity {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export interface Fault {
  readonly code: string;
  readonly detail: string;
}

export type IdentityReading =
  { readonly ok: true; readonly identity: Identity } | (Fault & { readonly ok: false });

/** Names, ids and homes that are taken, by this node or by the ledger. */
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

/**
 * The identity of a person who is not bound, were there no other claim to it.
 * @param pinnedUid from `overrides`: an operator's decision, so `accounts.id_range` does not bind it.
 * @param sudoGids of the groups that give sudo, which goes by gid.
 */
export function readIdentity(
  record: UserRecord,
  pinnedUid: number | null,
  allocations: Allocations,
  sudoGids: ReadonlySet<number>,
): IdentityReading {
  const reading = readUsername(record.username, allocations.domains);
  if (!reading.ok) return reading;
  const { name } = reading;
  const nameFault = findNameFault(name, allocations) ?? findBoundName(name, record.id, allocations);
  if (nameFault !== null) return { ok: false, ...nameFault };
  const { accounts, scim } = allocations.config;
  const id =
    pinnedUid === null
      ? chooseId('uid', record.id, record.uid, accounts)
      : ({ ok: true, id: pinnedUid } as const);
  if (!id.ok) return id;
  const uid = id.id;
  const uidFault = findUidFault(name, uid, allocations);
  if (uidFault !== null) return { ok: false, ...uidFault };
  const uidPower = allocations.privilegedUids.get(uid);
  if (uidPower !== undefined) {
    return refuse('uid-powerful', `the uid ${uid} has power on this node (${uidPower}): it is never granted`);
  }
  const uidLocation = findUidInUse(uid, allocations.inUse);
  if (uidLocation !== null) {
    return refuse(
      'uid-in-use',
      `the uid ${uid} is in use on this node (${uidLocation}): it is never granted`,
    );
  }
  if (allocations.boundUids.has(uid)) return refuse('uid-bound', `the uid ${uid} is bound to another person`);
  const published = allocations.published.get(name);
  if (published !== undefined) {
    const { gid, dir } = published;
    const fault = findInheritedFault(record, published, allocations, sudoGids);
    return fault === null ? { ok: true, identity: { name, uid, gid, home: dir } } : { ok: false, ...fault };
  }
  const group = chooseGid(record, scim.attributes.gid !== null, allocations, sudoGids);
  if (!group.ok) return group;
  const home = chooseHome(record.home, name, accounts);
  if (!home.ok) return home;
  if (allocations.boundHomes.has(home.home) && isPersonal(home.home, accounts.home)) {
    return refuse('home-bound', `the home ${home.home} is bound to another person`);
  }
  return { ok: true, identity: { name, uid, gid: group.id, home: home.home } };
}

/**
 * A person with a line on this node already, with the same uid, keeps its gid and home: why they may not, or null.
 */
function findInheritedFault(
  { gid, home }: UserRecord,
  published: PublishedAccount,
  { config, boundHomes, foreignGids, privilegedGids }: Allocations,
  sudoGids: ReadonlySet<number>,
): Fault | null {
  const { name, dir } = published;
  const storeGid = config.scim.attributes.gid === null ? null : gid;
  const isOther = (storeGid ?? published.gid) !== published.gid || (home || dir) !== dir;
  const isUnsafe = isReservedId(published.gid) || !isSafeHome(dir);
  const isTaken = [foreignGids, sudoGids, privilegedGids].some((gids) => gids.has(published.gid));
  const isOwn = published.gid === config.accounts.primary_gid;
  if (isOther || isUnsafe || (isTaken && !isOwn)) {
    const detail = `this node resolves ${name} with the gid ${published.gid} and the home ${dir}, which the store has otherwise or which is never granted: see sunk-agent import`;
    return { code: 'published-differs', detail };
  }
  if (!boundHomes.has(dir) || !isPersonal(dir, config.accounts.home)) return null;
  return { code: 'home-bound', detail: `the home ${dir} is bound to another person` };
}

/** Why what the ledger binds may not stand on this node, or null. */
export function findBoundFault(identity: Identity, allocations: Allocations): Fault | null {
  const { name, uid, gid, home } = identity;
  if (!isSafeName(name) || isReservedId(uid) || isReservedId(gid) || !isSafeHome(home)) {
    return { code: 'ledger-unsafe', detail: 'the ledger binds a name, id or home that is never granted' };
  }
  // A managed group whose gid is a local group's is a matter of its own: revocations must go on (see desired-state).
  // A local group of the account's own name is the private group of an account that was imported.
  const group = allocations.foreignGids.get(gid) ?? name;
  if (group !== name && gid !== allocations.config.accounts.primary_gid) {
    return { code: 'gid-local', detail: `the primary gid ${gid} is a local group's; local ones win` };
  }
  if (allocations.foreignNames.has(name)) return localName(name, allocations.inUse.names.get(name));
  return findUidFault(name, uid, allocations);
}

/** Why a name that is still free is not granted, or null. */
export function findNameFault(name: string, allocations: Allocations): Fault | null {
  if (isReservedName(name) || name === allocations.config.accounts.primary_group) {
    return { code: 'name-reserved', detail: `the name ${name} is reserved: it is never granted` };
  }
  const power = allocations.privilegedNames.get(name);
  if (power !== undefined) {
    return {
      code: 'name-powerful',
      detail: `the name ${name} has power on this node (${power}): it is never granted`,
    };
  }
  const location = allocations.inUse.names.get(name);
  if (allocations.foreignNames.has(name)) return localName(name, location);
  if (location === undefined) return null;
  return {
    code: 'name-in-use',
    detail: `the name ${name} is in use on this node (${location}): it is never granted`,
  };
}

function findBoundName(name: string, scimId: string, allocations: Allocations): Fault | null {
  const holder = allocations.boundNames.get(name);
  if (holder === undefined || holder === scimId) return null;
  return { code: 'name-bound', detail: `the name ${name} belongs to ${holder}, as this node's ledger holds` };
}

/** Why a uid may not be that name's on this node, or null. */
export function findUidFault(name: string, uid: number, allocations: Allocations): Fault | null {
  if (isReservedId(uid)) {
    return { code: 'uid-reserved', detail: `the uid ${uid} is reserved for the system` };
  }
  if (allocations.foreignUids.has(uid)) {
    const location = sayLocation(allocations.inUse.uids.get(uid));
    return { code: 'uid-local', detail: `a local account has the uid ${uid}${location}; local ones win` };
  }
  const publishedUid = allocations.publishedUids.get(name) ?? uid;
  const publishedName = allocations.publishedNames.get(uid) ?? name;
  if (publishedUid !== uid || publishedName !== name) {
    return {
      code: 'published-differs',
      detail: `this node resolves ${publishedName} with the uid ${publishedUid}: a uid is never changed (sunk-agent import)`,
    };
  }
  const unboundUid = allocations.unboundUids.get(name) ?? uid;
  const unboundName = allocations.unboundNames.get(uid) ?? name;
  if (unboundUid === uid && unboundName === name) return null;
  return {
    code: 'marked-differs',
    detail: `the managed group has ${unboundName} with the uid ${unboundUid}, which the ledger does not know: import or remove it`,
  };
}

function chooseGid(
  record: UserRecord,
  isFromRecord: boolean,
  allocations: Allocations,
  sudoGids: ReadonlySet<number>,
) {
  const { accounts } = allocations.config;
  if (!isFromRecord) return { ok: true, id: accounts.primary_gid } as const;
  const { gid } = record;
  if (gid === accounts.primary_gid) return { ok: true, id: gid } as const;
  const reading = chooseId('gid', record.id, gid, { ids: 'attribute', id_range: accounts.id_range });
  if (!reading.ok) return reading;
  const power = allocations.privilegedGids.get(reading.id);
  if (power !== undefined || [allocations.foreignGids, sudoGids].some((gids) => gids.has(reading.id))) {
    return refuse(
      'gid-powerful',
      `the primary gid ${reading.id} is a local group's or a sudo group's${sayLocation(power)}`,
    );
  }
  const location = findGidInUse(reading.id, allocations.inUse);
  if (location !== null) {
    return refuse(
      'gid-in-use',
      `the gid ${reading.id} is in use on this node (${location}): it is never granted`,
    );
  }
  return reading;
}

/** One person, with the identity that they claim. */
export interface Candidate {
  readonly record: UserRecord;
  readonly identity: Identity;
}

/**
 * Resolves clashes: in the order of precedence each claim gets name, uid and home, or is refused if one is gone.
 * @returns the refused, by SCIM id, with the reason.
 */
export function resolveClashes(candidates: readonly Candidate[], homeTemplate: string): Map<string, Fault> {
  const contested = { names: new Set<string>(), uids: new Set<number>(), homes: new Set<string>() };
  const seen = { names: new Set<string>(), uids: new Set<number>(), homes: new Set<string>() };
  for (const { identity } of candidates) {
    (seen.names.has(identity.name) ? contested : seen).names.add(identity.name);
    (seen.uids.has(identity.uid) ? contested : seen).uids.add(identity.uid);
    if (!isPersonal(identity.home, homeTemplate)) continue;
    (seen.homes.has(identity.home) ? contested : seen).homes.add(identity.home);
  }
  const refused = new Map<string, Fault>();
  if (contested.names.size + contested.uids.size + contested.homes.size === 0) return refused;
  const rivals = candidates
    .filter(
      ({ identity: { name, uid, home } }) =>
        contested.names.has(name) || contested.uids.has(uid) || contested.homes.has(home),
    )
    .map(({ record, identity }) => ({ scimId: record.id, created: record.created, record, identity }))
    .sort(compareClaims);
  const owners = new Map<string, UserRecord>();
  for (const rival of rivals) {
    const { name, uid, home } = rival.identity;
    const claims = [`name ${name}`, `uid ${uid}`];
    if (isPersonal(home, homeTemplate)) claims.push(`home ${home}`);
    const lost = claims.find((claim) => owners.has(claim));
    const owner = lost === undefined ? undefined : owners.get(lost);
    if (lost === undefined || owner === undefined)
      for (const claim of claims) owners.set(claim, rival.record);
    else {
      const [what = ''] = lost.split(' ');
      refused.set(rival.scimId, {
        code: `${what}-clash`,
        detail: `the ${lost} goes to ${owner.userName} (${owner.id}), who was created earlier`,
      });
    }
  }
  return refused;
}

/** A home for one person alone: all but a template without `%u`, which is shared on purpose. */
function isPersonal(home: string, template: string): boolean {
  return home !== template;
}

function localName(name: string, location: Location | undefined): Fault {
  return {
    code: 'name-local',
    detail: `a local account is called ${name}${sayLocation(location)}; local ones win`,
  };
}

function sayLocation(location: Location | undefined): string {
  return location === undefined ? '' : ` (${location})`;
}

function refuse(code: string, detail: string) {
  return { ok: false, code, detail } as const;
}
