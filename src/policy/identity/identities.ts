// The identity of each person on this host: the ledger first, then newcomers among each other, then renames.
import { findBoundFault, findNameFault } from './faults.ts';
import { readIdentity } from './read-identity.ts';
import { resolveClashes, type Candidate } from './precedence.ts';
import { type Fault, type Identity } from './identity.ts';
import { type Allocations } from './allocations.ts';
import type { Binding, Refusal } from '../model.ts';
import type { Grant, ServiceCheck } from '../name-services.ts';
import type { Person } from '../person.ts';
import { foldName } from './match-lines.ts';
import { collectHomes, findNesting } from './nested-homes.ts';
import { findHomeFault } from './own-home.ts';
import { isPersonalHome } from './profile.ts';
import { toRevocable } from './revocable.ts';
import { type NameReading, readUsername } from './username.ts';

export interface ResolvedIdentities {
  /** By SCIM id; a person who is not here is refused, or is a newcomer who may not log in. */
  readonly identities: ReadonlyMap<string, Identity>;
  readonly refusals: readonly Refusal[];
  /** What is new for this node, whether it is granted or waits for the name services. */
  readonly grants: readonly Grant[];
}

/**
 * Gives each person their name, uid, gid and home, or the reason why not.
 * @param sudoGids of the groups that give sudo.
 * @param blocked the block list, for names that only come out here.
 * @param services of the node, which may know a name or id already.
 */
export function resolveIdentities(
  people: readonly Person[],
  allocations: Allocations,
  sudoGids: ReadonlySet<number>,
  blocked: readonly string[],
  services: ServiceCheck,
): ResolvedIdentities {
  const grants: Grant[] = [];
  const identities = new Map<string, Identity>();
  const refusals: Refusal[] = [];
  const newcomers: (Candidate & { readonly person: Person })[] = [];
  const renamed: Renaming[] = [];
  const refuse = ({ user }: Person, { code, detail }: Fault): void => {
    refusals.push({ scimId: user.record.id, kind: 'User', code, detail });
  };
  for (const person of people) {
    const { user, rules, binding, disabled } = person;
    const { record } = user;
    if (binding === null) {
      const reading = readIdentity(record, rules.uid, allocations, sudoGids);
      // A dormant record claims nothing. One that this node alone disables does, so that all nodes decide alike.
      if (reading.ok && record.active) newcomers.push({ record, identity: reading.identity, person });
      else if (!reading.ok && disabled === null) refuse(person, reading);
      continue;
    }
    const identity = resolveBound(person, binding, allocations, refuse);
    if (identity !== null) identities.set(record.id, identity);
    if (identity === null || disabled !== null) continue;
    for (const kept of listKept(record, binding, rules.uid, allocations)) refuse(person, kept);
    const reading = readUsername(record.username, allocations.domains);
    if (!isCalled(binding.name, reading)) renamed.push({ person, identity, reading });
  }
  const clashes = resolveClashes(newcomers, allocations.config.accounts.home);
  const blockedNames = new Set(blocked);
  const tree = collectPersonalHomes(newcomers, allocations);
  for (const { person, record, identity } of newcomers) {
    const fault =
      clashes.get(record.id) ?? findNesting(identity.home, tree) ?? findNewHomeFault(identity, allocations);
    if (person.disabled !== null || blockedNames.has(identity.name)) continue;
    const grant = toGrant(identity, allocations);
    if (fault === null) grants.push(grant);
    const refusal = fault ?? services.findFault(grant);
    if (refusal === null) identities.set(record.id, identity);
    else refuse(person, refusal);
  }
  applyRenames(identities, renamed, allocations, blockedNames, refuse, (identity) => {
    const grant = { name: identity.name };
    grants.push(grant);
    return services.findFault(grant);
  });
  return { identities, refusals, grants };
}

/** A name that was taken over in another spelling (`Anna.Smith`) is no rename. */
function isCalled(name: string, reading: NameReading): boolean {
  return reading.ok && (reading.name === name || reading.name === foldName(name));
}

/** What the ledger binds, where it may stand on this node; of a person without access also where it may not. */
function resolveBound(
  person: Person,
  { name, id: uid, gid, home }: Binding,
  allocations: Allocations,
  refuse: (person: Person, fault: Fault) => void,
): Identity | null {
  const primaryGid = allocations.config.accounts.primary_gid;
  const identity = { name, uid, gid: gid ?? primaryGid, home: home ?? '/nonexistent' };
  const fault = findBoundFault(identity, allocations);
  if (fault === null) return identity;
  const left = person.disabled === null ? null : toRevocable(identity, allocations);
  if (left === null) refuse(person, fault);
  return left;
}

function collectPersonalHomes(
  newcomers: readonly Candidate[],
  { boundHomes, inUse, config }: Allocations,
): ReturnType<typeof collectHomes> {
  const isPersonal = (home: string): boolean => isPersonalHome(home, config.accounts.home);
  const fresh = newcomers.map(({ identity }) => identity.home);
  // Accounts of the system may have the directory of all homes, or one above it.
  const common = [config.accounts.home, ...config.accounts.home_prefixes].map((home) => `${home}/`);
  const others = [...inUse.homes.keys()].filter((home) => !common.some((one) => one.startsWith(`${home}/`)));
  return collectHomes([...boundHomes.keys(), ...others].filter(isPersonal), fresh.filter(isPersonal));
}

function findNewHomeFault(
  { name, home, uid }: Identity,
  { config, homes, inUse }: Allocations,
): Fault | null {
  const { home: template, homes: policy } = config.accounts;
  const isShared = home === template;
  const other = inUse.homes.get(home) ?? name;
  if (!isShared && other !== name) {
    return { code: 'home-bound', detail: `the home ${home} is that of ${other} on this node` };
  }
  const question = { home, uid, isShared, isCreated: policy === 'create' && !isShared, isNew: true };
  return findHomeFault(question, homes.get(home));
}

function toGrant({ name, uid, gid }: Identity, { config }: Allocations): Grant {
  return gid === config.accounts.primary_gid ? { name, uid } : { name, uid, gid };
}

/** A bound person whose name at the store is not the ledger's. */
interface Renaming {
  readonly person: Person;
  readonly identity: Identity;
  readonly reading: NameReading;
}

/** Where the store differs from the ledger, which stays in force. */
function listKept(
  record: Person['user']['record'],
  binding: Binding,
  pinnedUid: number | null,
  { config }: Allocations,
): readonly Fault[] {
  const kept: Fault[] = [];
  const uid = pinnedUid ?? (config.accounts.ids === 'attribute' ? record.uid : null);
  if (uid !== null && uid !== binding.id) {
    kept.push({
      code: 'uid-kept',
      detail: `has the uid ${uid} at the store or in overrides; the node keeps ${binding.id} (sunk-agent rebind)`,
    });
  }
  if (config.scim.attributes.gid !== null && record.gid !== null && record.gid !== binding.gid) {
    kept.push({
      code: 'gid-kept',
      detail: `has the gid ${record.gid} at the store; the node keeps ${binding.gid ?? config.accounts.primary_gid}`,
    });
  }
  if (record.home !== null && record.home !== binding.home) {
    kept.push({
      code: 'home-kept',
      detail: `has another home at the store; the node keeps ${binding.home ?? 'none'}`,
    });
  }
  return kept;
}

/** `accounts.rename`: the name follows the store where it is free and one person alone claims it, else it is kept. */
function applyRenames(
  identities: Map<string, Identity>,
  renamed: readonly Renaming[],
  allocations: Allocations,
  blocked: ReadonlySet<string>,
  refuse: (person: Person, fault: Fault) => void,
  findElsewhere: (identity: Identity) => Fault | null,
): void {
  const wanted: (Candidate & { readonly person: Person })[] = [];
  for (const { person, identity, reading } of renamed) {
    const fault = reading.ok
      ? findRenameFault(reading.name, identity.uid, allocations, blocked)
      : reading.detail;
    if (reading.ok && fault === null)
      wanted.push({ person, record: person.user.record, identity: { ...identity, name: reading.name } });
    else {
      refuse(person, {
        code: 'rename-kept',
        detail: `has another user name at the store; the node keeps ${identity.name}: ${fault ?? ''}`,
      });
    }
  }
  // Newcomers are resolved already; a rename comes after them, and the person created first before others.
  const takenNames = new Set([...identities.values()].map(({ name }) => name));
  const clashes = resolveClashes(wanted, allocations.config.accounts.home);
  for (const { person, record, identity } of wanted) {
    if (!takenNames.has(identity.name) && !clashes.has(record.id)) {
      const fault = findElsewhere(identity);
      if (fault === null) identities.set(record.id, identity);
      else refuse(person, fault);
    } else {
      refuse(person, {
        code: 'rename-kept',
        detail: `has another user name at the store, but ${identity.name} goes to another person`,
      });
    }
  }
}

/** Why the account does not follow the store's new name, as a clause; null: it may. */
function findRenameFault(
  name: string,
  uid: number,
  allocations: Allocations,
  blocked: ReadonlySet<string>,
): string | null {
  if (allocations.config.accounts.rename === 'keep') return 'accounts.rename is keep';
  if (blocked.has(name)) return `${name} is blocked here`;
  if (allocations.boundNames.has(name)) return `${name} is bound to another person`;
  const there = allocations.publishedUids.get(name) ?? allocations.unboundUids.get(name) ?? uid;
  if (there !== uid) return `this node resolves ${name} with the uid ${there}`;
  return findNameFault(name, allocations)?.detail ?? null;
}
