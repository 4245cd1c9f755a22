// Who is what on this host: the ledger first, then newcomers among each other, then renames.
import {
  findBoundFault,
  findNameFault,
  readIdentity,
  settleClashes,
  type Candidate,
  type Fault,
  type Ground,
  type Identity,
} from './claims.ts';
import type { Refusal } from './desired.ts';
import type { Person } from './person.ts';
import { readUsername } from './username.ts';

export interface SettledIdentities {
  /** By SCIM id; who is missing was refused. */
  readonly identities: ReadonlyMap<string, Identity>;
  readonly refusals: readonly Refusal[];
}

/**
 * Gives everybody their name, uid, gid and home, or the reason why not.
 * @param blocked the operators' list, for names that only come out here.
 */
export function settleIdentities(
  people: readonly Person[],
  ground: Ground,
  blocked: readonly string[],
): SettledIdentities {
  const identities = new Map<string, Identity>();
  const refusals: Refusal[] = [];
  const newcomers: Candidate[] = [];
  const outside = new Set<string>();
  const refuse = (scimId: string, { code, detail }: Fault): void => {
    refusals.push({ scimId, kind: 'User', code, detail });
  };
  const { accounts } = ground.config;
  for (const { user, rules, binding, closed } of people) {
    const { record } = user;
    if (binding !== null) {
      const { name, id: uid, home } = binding;
      const identity = { name, uid, gid: binding.gid ?? accounts.primary_gid, home: home ?? '/nonexistent' };
      const fault = findBoundFault(identity, ground);
      if (fault === null) identities.set(record.id, identity);
      else refuse(record.id, fault);
      continue;
    }
    const reading = readIdentity(record, rules.uid, ground);
    if (reading.ok) newcomers.push({ record, identity: reading.identity });
    else if (closed === null) refuse(record.id, reading);
    if (closed !== null) outside.add(record.id);
  }
  const clashes = settleClashes(newcomers, accounts.home);
  const blockedNames = new Set(blocked);
  for (const { record, identity } of newcomers) {
    const fault = clashes.get(record.id);
    if (outside.has(record.id) || blockedNames.has(identity.name)) continue;
    if (fault === undefined) identities.set(record.id, identity);
    else refuse(record.id, fault);
  }
  for (const person of people) report(person, identities, ground, refuse);
  return { identities: applyRenames(people, identities, ground, blockedNames, refuse), refusals };
}

/** What the store says otherwise than the ledger, which stays. */
function report(
  { user: { record, absent }, binding, rules, closed }: Person,
  identities: ReadonlyMap<string, Identity>,
  { config }: Ground,
  refuse: (scimId: string, fault: Fault) => void,
): void {
  if (binding === null || absent || closed !== null || !identities.has(record.id)) return;
  const uid = rules.uid ?? (config.accounts.ids === 'attribute' ? record.uid : null);
  if (uid !== null && uid !== binding.id) {
    refuse(record.id, {
      code: 'uid-kept',
      detail: `has the uid ${uid} at the store or in overrides; the node keeps ${binding.id} (sunk-agent rebind)`,
    });
  }
  if (config.scim.attributes.gid !== null && record.gid !== null && record.gid !== binding.gid) {
    refuse(record.id, {
      code: 'gid-kept',
      detail: `has the gid ${record.gid} at the store; the node keeps ${binding.gid ?? config.accounts.primary_gid}`,
    });
  }
  if (record.home !== null && record.home !== binding.home) {
    refuse(record.id, {
      code: 'home-kept',
      detail: `has another home at the store; the node keeps ${binding.home ?? 'none'}`,
    });
  }
}

/** `accounts.rename`: the name follows the store where it is free and its one claimant's, else it is kept. */
function applyRenames(
  people: readonly Person[],
  identities: ReadonlyMap<string, Identity>,
  ground: Ground,
  blocked: ReadonlySet<string>,
  refuse: (scimId: string, fault: Fault) => void,
): ReadonlyMap<string, Identity> {
  const wishes: { record: Person['user']['record']; identity: Identity }[] = [];
  for (const { user, binding, closed } of people) {
    const identity = identities.get(user.record.id);
    if (binding === null || closed !== null || identity === undefined) continue;
    const reading = readUsername(user.record.username, ground.domains);
    if (reading.ok && reading.name === binding.name) continue;
    const keep = (why: string): void =>
      refuse(user.record.id, {
        code: 'rename-kept',
        detail: `has another user name at the store; the node keeps ${binding.name}: ${why}`,
      });
    if (!reading.ok) keep(reading.detail);
    else if (ground.config.accounts.rename === 'keep') keep('accounts.rename is keep');
    else if (blocked.has(reading.name)) keep(`${reading.name} is blocked here`);
    else if (ground.boundNames.has(reading.name)) keep(`${reading.name} is bound to somebody else`);
    else {
      const fault = findNameFault(reading.name, ground);
      if (fault === null) wishes.push({ record: user.record, identity: { ...identity, name: reading.name } });
      else keep(fault.detail);
    }
  }
  if (wishes.length === 0) return identities;
  const renamed = new Map(identities);
  // Newcomers are settled already; a rename comes after them, and the earlier created first.
  const takenNames = new Set([...identities.values()].map(({ name }) => name));
  const free = wishes.filter(({ identity }) => !takenNames.has(identity.name));
  const clashes = settleClashes(free, ground.config.accounts.home);
  const granted = new Set(free.filter(({ record }) => !clashes.has(record.id)));
  for (const wish of wishes) {
    const { record, identity } = wish;
    if (granted.has(wish)) renamed.set(record.id, identity);
    else {
      refuse(record.id, {
        code: 'rename-kept',
        detail: `has another user name at the store, but ${identity.name} goes to somebody else`,
      });
    }
  }
  return renamed;
}
