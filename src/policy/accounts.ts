// The accounts, their bindings and credentials, from people whose identity is resolved.
import type { Config } from '../config/config.ts';
import { compare } from '../common/text/compare.ts';
import type { Fault, Identity } from './identity/identity.ts';
import { findHomeFault } from './identity/own-home.ts';
import { cleanGecos, findShell } from './identity/profile.ts';
import { expireKeys, isExtended } from './extension.ts';
import { issueCredentials } from './keys/credential.ts';
import type { PersonKeys } from './keys/person-keys.ts';
import type { Binding, DesiredAccount, Extension, Leftover, NodeFacts, Refusal } from './model.ts';
import type { Person } from './person.ts';

/** The shell of a disabled account: SUNK's other pods resolve no shadow(5). */
export const DISABLED_SHELL = '/usr/sbin/nologin';

export interface BuiltAccounts {
  /** Sorted by name. */
  readonly accounts: readonly DesiredAccount[];
  /** New and changed ones. */
  readonly bindings: readonly Binding[];
  readonly leftovers: readonly Leftover[];
  readonly refusals: readonly Refusal[];
}

export interface AccountRules {
  readonly config: Config;
  readonly facts: Pick<NodeFacts, 'shells' | 'homes'>;
  readonly extensions: ReadonlyMap<string, Extension>;
  /** Who may log in by a grant alone, by SCIM id, and until when (epoch seconds). */
  readonly loginEnds: ReadonlyMap<string, number>;
  /** Epoch seconds. */
  readonly now: number;
}

/**
 * Enabled accounts with their keys, disabled ones until their retention ends; nothing for newcomers who may not log in.
 * @param identities by SCIM id; a person without one is refused.
 * @param keys by SCIM id.
 */
export function buildAccounts(
  people: readonly Person[],
  identities: ReadonlyMap<string, Identity>,
  keys: ReadonlyMap<string, PersonKeys>,
  rules: AccountRules,
): BuiltAccounts {
  const built = {
    accounts: [] as DesiredAccount[],
    bindings: [] as Binding[],
    leftovers: [] as Leftover[],
    refusals: [] as Refusal[],
  };
  const shells = new Set(rules.facts.shells);
  for (const person of people) {
    const { user, binding, disabled } = person;
    const { id } = user.record;
    const identity = identities.get(id);
    if (identity === undefined) {
      if (binding !== null) built.leftovers.push({ ...leftover(binding), fate: 'deny' });
      continue;
    }
    const disabledAt = disabled === null ? null : (binding?.disabledAt ?? rules.now);
    bindAccount(built, id, identity, binding, disabledAt, rules.now);
    if (disabledAt !== null && rules.now >= disabledAt + rules.config.accounts.retention) {
      built.leftovers.push({ scimId: id, kind: 'account', name: identity.name, fate: 'remove' });
    } else if (disabled === null) {
      const { accepted, faults } = keys.get(id) ?? NO_KEYS;
      for (const fault of faults) built.refusals.push({ scimId: id, kind: 'User', ...fault });
      const homeFault = findUnsafeHome(identity, rules);
      if (homeFault !== null) built.refusals.push({ scimId: id, kind: 'User', ...homeFault });
      const usable = homeFault === null ? accepted : [];
      built.accounts.push(enableAccount(person, identity, usable, shells, rules, built));
    } else built.accounts.push(disableAccount(person, identity, rules.config));
  }
  built.accounts.sort((a, b) => compare(a.entry.name, b.entry.name));
  return built;
}

/** A person who is bound keeps the account; no key is served for a home that another user may have planted. */
function findUnsafeHome({ home, uid }: Identity, { config, facts }: AccountRules): Fault | null {
  const isShared = home === config.accounts.home;
  const isCreated = config.accounts.homes === 'create' && !isShared;
  return findHomeFault({ home, uid, isShared, isCreated, isNew: false }, facts.homes.get(home));
}

const NO_KEYS: PersonKeys = { accepted: [], faults: [] };

/** Records what is new of a binding: the first, another name, or that it was disabled or enabled. */
function bindAccount(
  built: { bindings: Binding[]; leftovers: Leftover[] },
  scimId: string,
  { name, uid, gid, home }: Identity,
  binding: Binding | null,
  disabledAt: number | null,
  now: number,
): void {
  if (binding === null) {
    built.bindings.push({ scimId, kind: 'account', name, id: uid, gid, home, boundAt: now, disabledAt });
    return;
  }
  if (binding.disabledAt === disabledAt && binding.name === name) return;
  built.bindings.push({ ...binding, name, disabledAt });
  if (binding.name !== name) built.leftovers.push({ ...leftover(binding), fate: 'remove' });
}

function leftover({ scimId, name }: Binding): Omit<Leftover, 'fate'> {
  return { scimId, kind: 'account', name };
}

function disableAccount({ user, disabled }: Person, identity: Identity, config: Config): DesiredAccount {
  const { name, uid, gid, home } = identity;
  const gecos = cleanGecos(user.record.displayName);
  return {
    scimId: user.record.id,
    entry: { name, uid, gid, gecos, dir: home, shell: DISABLED_SHELL },
    disabled,
    credentials: [],
    extension: null,
    needsManagedGroup: gid !== config.accounts.primary_gid,
  };
}

function enableAccount(
  { user }: Person,
  { name, uid, gid, home }: Identity,
  accepted: PersonKeys['accepted'],
  shells: ReadonlySet<string>,
  { config, extensions, loginEnds, now }: AccountRules,
  { refusals }: { refusals: Refusal[] },
): DesiredAccount {
  const { record, confirmedAt } = user;
  const found = findShell(record.shell, shells);
  if (record.shell !== null && found === null) {
    const detail = `the shell at the store is not in this node's /etc/shells; ${config.accounts.shell} is used`;
    refusals.push({ scimId: record.id, kind: 'User', code: 'shell-refused', detail });
  }
  const given = extensions.get(record.id);
  const extension = given !== undefined && isExtended(user, given, now) ? given : null;
  const confirmed = expireKeys(confirmedAt, config.keys.max_age, extension);
  const end = loginEnds.get(record.id);
  const isEnd = end !== undefined && (confirmed === null || end < confirmed);
  const issued = issueCredentials(accepted, record.id, isEnd ? end : confirmed);
  const shell = found ?? config.accounts.shell;
  return {
    scimId: record.id,
    entry: { name, uid, gid, gecos: cleanGecos(record.displayName), dir: home, shell },
    disabled: null,
    credentials: isEnd ? issued.map((one) => ({ ...one, isEnd })) : issued,
    extension,
    needsManagedGroup: gid !== config.accounts.primary_gid,
  };
}
