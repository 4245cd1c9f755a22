// Who is what on this host: the ledger first, then newcomers among each other, then renames.
import {
  findBoundFault,
  findNameFault,
  readIdentity,
  resolveClashes,
  type Candidate,
  type Fault,
  type Allocations,
  type Identity,
} from './allocations.ts';
import type { Binding, Refusal } from '../model.ts';
import type { Person } from '../person.ts';
import { type NameReading, readUsername } from './username.ts';

/**
 * Gives everybody their name, uid, gid and home (`Person.identity`), or the reason why not.
 * @param sudoGids of the groups that give sudo.
 * @param blocked the operators' list, for names that only come out here.
 */
export function resolveIdentities(
  people: readonly Person[],
  ground: Allocations,
  sudoGids: ReadonlySet<number>,
  blocked: readonly string[],
): Refusal[] {
  const refusals: Refusal[] = [];
  const newcomers: (Candidate & { readonly person: Person })[] = [];
  const renamed: { readonly person: Person; readonly reading: NameReading }[] = [];
  const refuse = ({ user }: Person, { code, detail }: Fault): void => {
    refusals.push({ scimId: user.record.id, kind: 'User', code, detail });
  };
  for (const person of people) {
    const { user, rules, binding, closed } = person;
    const { record } = user;
    if (binding === null) {
      const reading = readIdentity(record, rules.uid, ground, sudoGids);
      if (reading.ok) newcomers.push({ record, identity: reading.identity, person });
      else if (closed === null) refuse(person, reading);
      continue;
    }
    const standing = findStanding(person, binding, ground);
    if (standing.fault !== null) {
      refuse(person, standing.fault);
      continue;
    }
    person.identity = standing.identity;
    if (closed !== null) continue;
    for (const fault of standing.kept) refuse(person, fault);
    if (standing.otherName !== null) renamed.push({ person, reading: standing.otherName });
  }
  const clashes = resolveClashes(newcomers, ground.config.accounts.home);
  const blockedNames = new Set(blocked);
  for (const { person, record, identity } of newcomers) {
    const fault = clashes.get(record.id);
    if (person.closed !== null || blockedNames.has(identity.name)) continue;
    if (fault === undefined) person.identity = identity;
    else refuse(person, fault);
  }
  if (renamed.length > 0) applyRenames(people, renamed, ground, blockedNames, refuse);
  return refusals;
}

/** How somebody whom the ledger binds stands on this node, and what it depends on besides the record. */
export interface MemoizedIdentity {
  readonly binding: Binding;
  readonly ground: Allocations;
  readonly pinnedUid: number | null;
  readonly identity: Identity;
  /** Why the identity may not stand here, or null. */
  readonly fault: Fault | null;
  /** What the store says otherwise than the ledger, which stays. */
  readonly kept: readonly Fault[];
  /** The name at the store, where it is not the ledger's. */
  readonly otherName: NameReading | null;
}

function findStanding({ user, rules }: Person, binding: Binding, ground: Allocations): MemoizedIdentity {
  const { notes } = user;
  const before = notes?.standing ?? null;
  if (before?.binding === binding && before.ground === ground && before.pinnedUid === rules.uid)
    return before;
  const { name, id: uid, home } = binding;
  const { primary_gid: primaryGid } = ground.config.accounts;
  const identity = { name, uid, gid: binding.gid ?? primaryGid, home: home ?? '/nonexistent' };
  const reading = readUsername(user.record.username, ground.domains);
  const standing = {
    binding,
    ground,
    pinnedUid: rules.uid,
    identity,
    fault: findBoundFault(identity, ground),
    kept: listKept(user.record, binding, rules.uid, ground),
    otherName: reading.ok && reading.name === name ? null : reading,
  };
  if (notes !== undefined) notes.standing = standing;
  return standing;
}

const NOTHING_KEPT: readonly Fault[] = [];

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
  return kept.length === 0 ? NOTHING_KEPT : kept;
}

/** `accounts.rename`: the name follows the store where it is free and its one claimant's, else it is kept. */
function applyRenames(
  people: readonly Person[],
  renamed: readonly { readonly person: Person; readonly reading: NameReading }[],
  ground: Allocations,
  blocked: ReadonlySet<string>,
  refuse: (person: Person, fault: Fault) => void,
): void {
  const wishes: { person: Person; record: Person['user']['record']; identity: Identity }[] = [];
  for (const { person, reading } of renamed) {
    const { user, identity } = person;
    if (identity === null) continue;
    const keep = (why: string): void =>
      refuse(person, {
        code: 'rename-kept',
        detail: `has another user name at the store; the node keeps ${identity.name}: ${why}`,
      });
    if (!reading.ok) keep(reading.detail);
    else if (ground.config.accounts.rename === 'keep') keep('accounts.rename is keep');
    else if (blocked.has(reading.name)) keep(`${reading.name} is blocked here`);
    else if (ground.bound().names.has(reading.name)) keep(`${reading.name} is bound to somebody else`);
    else {
      const fault = findNameFault(reading.name, ground);
      if (fault === null)
        wishes.push({ person, record: user.record, identity: { ...identity, name: reading.name } });
      else keep(fault.detail);
    }
  }
  if (wishes.length === 0) return;
  // Newcomers are settled already; a rename comes after them, and the earlier created first.
  const takenNames = new Set(people.map(({ identity }) => identity?.name));
  const free = wishes.filter(({ identity }) => !takenNames.has(identity.name));
  const clashes = resolveClashes(free, ground.config.accounts.home);
  for (const { person, record, identity } of wishes) {
    if (!takenNames.has(identity.name) && !clashes.has(record.id)) person.identity = identity;
    else {
      refuse(person, {
        code: 'rename-kept',
        detail: `has another user name at the store, but ${identity.name} goes to somebody else`,
      });
    }
  }
}
