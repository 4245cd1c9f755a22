// Which name, uid, gid and home a person gets who is not bound yet; clashes have the same winner on every node.
import type { Config } from '../../config/config.ts';
import type { UserRecord } from '../../protocol/records.ts';
import type { Binding, NodeFacts } from '../model.ts';
import { chooseId } from './ids.ts';
import { chooseHome, isSafeHome } from './profile.ts';
import { isReservedId, isReservedName } from './reserved.ts';
import { isSafeName, readUsername } from './username.ts';
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

/** What is taken already, by the node or by the ledger. */
export interface Allocations {
  readonly config: Config;
  readonly domains: ReadonlySet<string>;
  /** What the ledger binds; gathered when it is first asked for, since a quiet pass never asks. */
  readonly bound: () => Bound;
  readonly foreignNames: ReadonlySet<string>;
  readonly foreignUids: ReadonlySet<number>;
  /** Names of local groups by gid. */
  readonly foreignGids: ReadonlyMap<number, string>;
  readonly privilegedNames: ReadonlySet<string>;
  readonly privilegedUids: ReadonlySet<number>;
  readonly privilegedGids: ReadonlySet<number>;
  readonly publishedUids: ReadonlyMap<string, number>;
  readonly publishedNames: ReadonlyMap<number, string>;
  readonly markedUids: ReadonlyMap<string, number>;
  readonly markedNames: ReadonlyMap<number, string>;
}

/** SCIM ids by the name, uid or home that the ledger binds to them. */
interface Bound {
  readonly names: ReadonlyMap<string, string>;
  readonly uids: ReadonlyMap<number, string>;
  readonly homes: ReadonlyMap<string, string>;
}

function gatherBound(bindings: ReadonlyMap<string, Binding>): Bound {
  const names = new Map<string, string>();
  const uids = new Map<number, string>();
  const homes = new Map<string, string>();
  for (const { scimId, name, id, home } of bindings.values()) {
    names.set(name, scimId);
    uids.set(id, scimId);
    if (home !== null) homes.set(home, scimId);
  }
  return { names, uids, homes };
}

/** Gathers what is taken. `bindings` are those of accounts. */
export function collectAllocations(
  config: Config,
  facts: NodeFacts,
  bindings: ReadonlyMap<string, Binding>,
  domains: ReadonlySet<string>,
): Allocations {
  let bound: Bound | null = null;
  const marked = facts.marked ?? [];
  return {
    config,
    domains,
    bound: () => (bound ??= gatherBound(bindings)),
    foreignNames: new Set(facts.foreignAccounts.map(({ name }) => name)),
    foreignUids: new Set(facts.foreignAccounts.map(({ uid }) => uid)),
    foreignGids: new Map(facts.foreignGroups.map(({ name, gid }) => [gid, name])),
    privilegedNames: new Set(facts.privilegedNames),
    privilegedUids: new Set(facts.privilegedUids),
    privilegedGids: new Set(facts.privilegedGids),
    publishedUids: new Map(facts.published?.accounts.map(({ name, uid }) => [name, uid])),
    publishedNames: new Map(facts.published?.accounts.map(({ name, uid }) => [uid, name])),
    markedUids: new Map(marked.map(({ name, uid }) => [name, uid])),
    markedNames: new Map(marked.map(({ name, uid }) => [uid, name])),
  };
}

/**
 * What somebody who is not bound would be, were there nobody else who wants the same.
 * @param pinnedUid from `overrides`: the operator's word, so `accounts.id_range` does not bind it.
 * @param sudoGids of the groups that give sudo, which goes by gid.
 */
export function readIdentity(
  record: UserRecord,
  pinnedUid: number | null,
  ground: Allocations,
  sudoGids: ReadonlySet<number>,
): IdentityReading {
  const reading = readUsername(record.username, ground.domains);
  if (!reading.ok) return reading;
  const { name } = reading;
  const nameFault = findNameFault(name, ground) ?? findBoundName(name, record.id, ground);
  if (nameFault !== null) return { ok: false, ...nameFault };
  const { accounts, scim } = ground.config;
  const id =
    pinnedUid === null
      ? chooseId('uid', record.id, record.uid, accounts)
      : ({ ok: true, id: pinnedUid } as const);
  if (!id.ok) return id;
  const uid = id.id;
  const uidFault = findUidFault(name, uid, ground);
  if (uidFault !== null) return { ok: false, ...uidFault };
  if (ground.privilegedUids.has(uid)) {
    return refuse('uid-powerful', `the uid ${uid} stands in this node's sudoers: it is never granted`);
  }
  if (ground.bound().uids.has(uid))
    return refuse('uid-bound', `the uid ${uid} belongs to somebody else for good`);
  const group = chooseGid(record, scim.attributes.gid !== null, ground, sudoGids);
  if (!group.ok) return group;
  const home = chooseHome(record.home, name, accounts);
  if (!home.ok) return home;
  if (ground.bound().homes.has(home.home) && isPersonal(home.home, accounts.home)) {
    return refuse('home-bound', `the home ${home.home} belongs to somebody else for good`);
  }
  return { ok: true, identity: { name, uid, gid: group.id, home: home.home } };
}

/** Why what the ledger binds may not stand on this node, or null. */
export function findBoundFault(identity: Identity, ground: Allocations): Fault | null {
  const { name, uid, gid, home } = identity;
  if (!isSafeName(name) || isReservedId(uid) || isReservedId(gid) || !isSafeHome(home)) {
    return { code: 'ledger-unsafe', detail: 'the ledger binds a name, id or home that is never granted' };
  }
  // A marker that is somebody else's is a matter of its own: closing must go on (see desire). A local group of the
  // account's own name is the private group of an account that was imported.
  const group = ground.foreignGids.get(gid) ?? name;
  if (group !== name && gid !== ground.config.accounts.primary_gid) {
    return { code: 'gid-local', detail: `the primary gid ${gid} is a local group's; local ones win` };
  }
  if (ground.foreignNames.has(name)) return localName(name);
  return findUidFault(name, uid, ground);
}

/** Why a name that nobody holds yet is not granted, or null. */
export function findNameFault(name: string, ground: Allocations): Fault | null {
  if (isReservedName(name) || name === ground.config.accounts.primary_group) {
    return { code: 'name-reserved', detail: `the name ${name} is reserved: it is never granted` };
  }
  if (ground.privilegedNames.has(name)) {
    return {
      code: 'name-powerful',
      detail: `the name ${name} stands in this node's sudoers, sshd_config or access.conf: it is never granted`,
    };
  }
  return ground.foreignNames.has(name) ? localName(name) : null;
}

function findBoundName(name: string, scimId: string, ground: Allocations): Fault | null {
  const holder = ground.bound().names.get(name);
  if (holder === undefined || holder === scimId) return null;
  return { code: 'name-bound', detail: `the name ${name} belongs to ${holder}, as this node's ledger holds` };
}

/** Why a uid may not be that name's on this node, or null. */
export function findUidFault(name: string, uid: number, ground: Allocations): Fault | null {
  if (isReservedId(uid)) {
    return { code: 'uid-reserved', detail: `the uid ${uid} is reserved for the system` };
  }
  if (ground.foreignUids.has(uid)) {
    return { code: 'uid-local', detail: `a local account has the uid ${uid}; local ones win` };
  }
  const publishedUid = ground.publishedUids.get(name) ?? uid;
  const publishedName = ground.publishedNames.get(uid) ?? name;
  if (publishedUid !== uid || publishedName !== name) {
    return {
      code: 'published-differs',
      detail: `this node resolves ${publishedName} with the uid ${publishedUid}: a uid is never changed (sunk-agent import)`,
    };
  }
  const markedUid = ground.markedUids.get(name) ?? uid;
  const markedName = ground.markedNames.get(uid) ?? name;
  if (markedUid === uid && markedName === name) return null;
  return {
    code: 'marked-differs',
    detail: `the marker group has ${markedName} with the uid ${markedUid}, which the ledger does not know: import or remove it`,
  };
}

function chooseGid(
  record: UserRecord,
  isFromRecord: boolean,
  ground: Allocations,
  sudoGids: ReadonlySet<number>,
) {
  const { accounts } = ground.config;
  if (!isFromRecord) return { ok: true, id: accounts.primary_gid } as const;
  const { gid } = record;
  if (gid === accounts.primary_gid) return { ok: true, id: gid } as const;
  const reading = chooseId('gid', record.id, gid, { ids: 'attribute', id_range: accounts.id_range });
  if (!reading.ok) return reading;
  if ([ground.foreignGids, sudoGids, ground.privilegedGids].some((gids) => gids.has(reading.id))) {
    return refuse('gid-powerful', `the primary gid ${reading.id} is a local group's or a sudo group's`);
  }
  return reading;
}

/** One person, with what they would be. */
export interface Candidate {
  readonly record: UserRecord;
  readonly identity: Identity;
}

/**
 * Settles who gets what: in the order of claims, each takes name, uid and home, or is refused if one is gone.
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
  const owners = new Map<string, string>();
  for (const rival of rivals) {
    const { name, uid, home } = rival.identity;
    const claims = [`name ${name}`, `uid ${uid}`];
    if (isPersonal(home, homeTemplate)) claims.push(`home ${home}`);
    const lost = claims.find((claim) => owners.has(claim));
    if (lost === undefined) for (const claim of claims) owners.set(claim, rival.scimId);
    else {
      const [what = ''] = lost.split(' ');
      refused.set(rival.scimId, {
        code: `${what}-clash`,
        detail: `the ${lost} goes to ${owners.get(lost) ?? ''}, who was created earlier`,
      });
    }
  }
  return refused;
}

/** A home that only one may have: all but a template without `%u`, which is shared on purpose. */
function isPersonal(home: string, template: string): boolean {
  return home !== template;
}

function localName(name: string): Fault {
  return { code: 'name-local', detail: `a local account is called ${name}; local ones win` };
}

function refuse(code: string, detail: string) {
  return { ok: false, code, detail } as const;
}
