// The accounts, their bindings and key files, from people whose identity is settled.
import type { Config } from '../config/config.ts';
import type { UserRecord } from '../protocol/records.ts';
import type { Identity } from './identity/allocations.ts';
import type {
  AcceptedKey,
  Binding,
  DesiredAccount,
  Leftover,
  StoredUser,
  NodeFacts,
  Refusal,
} from './model.ts';
import { expireKeys, isExtended, type Extension } from './extension.ts';
import { renderKeyFile } from './keys/key-file.ts';
import type { Person } from './person.ts';
import { cleanGecos, findShell } from './identity/profile.ts';
import { compareText } from './identity/precedence.ts';

/** The shell of a closed account: SUNK's other pods resolve no shadow(5). */
export const DISABLED_SHELL = '/usr/sbin/nologin';

export interface BuiltAccounts {
  readonly accounts: readonly DesiredAccount[];
  readonly bindings: readonly Binding[];
  readonly leftovers: readonly Leftover[];
  readonly refusals: readonly Refusal[];
}

/**
 * Open accounts with their keys, closed ones until their retention ends; nothing for newcomers who may not log in.
 * Accounts come sorted by name.
 */
export function buildAccounts(
  people: readonly Person[],
  {
    config,
    facts,
    now,
    extensions,
  }: {
    readonly config: Config;
    readonly facts: NodeFacts;
    readonly now: number;
    readonly extensions?: ReadonlyMap<string, Extension>;
  },
): BuiltAccounts {
  const accounts: DesiredAccount[] = [];
  const bindings: Binding[] = [];
  const leftovers: Leftover[] = [];
  const refusals: Refusal[] = [];
  const shells = new Set(facts.shells);
  for (const { user, binding, closed, identity, keys } of people) {
    const { record, confirmedAt } = user;
    if (identity === null) {
      if (binding !== null) leftovers.push({ ...leftover(binding), fate: 'shut' });
      continue;
    }
    const { name, uid, gid, home } = identity;
    const disabledAt = closed === null ? null : (binding?.disabledAt ?? now);
    if (binding === null) {
      bindings.push({
        scimId: record.id,
        kind: 'account',
        name,
        id: uid,
        gid,
        home,
        boundAt: now,
        disabledAt,
      });
    } else if (binding.disabledAt !== disabledAt || binding.name !== name) {
      bindings.push({ ...binding, name, disabledAt });
      if (binding.name !== name) leftovers.push({ ...leftover(binding), fate: 'remove' });
    }
    if (disabledAt !== null && now >= disabledAt + config.accounts.retention) {
      leftovers.push({ scimId: record.id, kind: 'account', name, fate: 'remove' });
      continue;
    }
    const needsManagedGroup = gid !== config.accounts.primary_gid;
    if (closed !== null) {
      const gecos = cleanGecos(record.displayName);
      const nologin = { name, uid, gid, gecos, dir: home, shell: DISABLED_SHELL };
      const nothing = { keys: [], keyFile: '', expiresAt: null };
      accounts.push({
        scimId: record.id,
        entry: nologin,
        disabled: closed,
        ...nothing,
        needsManagedGroup,
      });
      continue;
    }
    const shell = findShell(record.shell, shells);
    const { accepted, faults } = keys;
    const given = extensions?.get(record.id);
    const extension = given !== undefined && isExtended(user, given, now) ? given : null;
    const opening = {
      identity,
      shell: shell ?? config.accounts.shell,
      keys: accepted,
      expiresAt: accepted.length === 0 ? null : expireKeys(confirmedAt, config.keys.max_age, extension),
      style: facts.expiry,
      needsManagedGroup,
      extension,
    };
    accounts.push(openOnce(user, opening));
    for (const fault of faults) refusals.push({ scimId: record.id, kind: 'User', ...fault });
    if (record.shell !== null && shell === null) {
      const detail = `the shell at the store is not in this node's /etc/shells; ${config.accounts.shell} is used`;
      refusals.push({ scimId: record.id, kind: 'User', code: 'shell-refused', detail });
    }
  }
  accounts.sort((a, b) => compareText(a.entry.name, b.entry.name));
  return { accounts, bindings, leftovers, refusals };
}

function leftover({ scimId, name }: Binding): Omit<Leftover, 'fate'> {
  return { scimId, kind: 'account', name };
}

/** All that an open account depends on besides the record. */
interface Opening {
  readonly identity: Identity;
  readonly shell: string;
  readonly keys: readonly AcceptedKey[];
  readonly expiresAt: number | null;
  readonly style: NodeFacts['expiry'];
  readonly needsManagedGroup: boolean;
  readonly extension: Extension | null;
}

/** The open account of before, and how it was asked for where that does not stand in it. */
export interface OpenedBefore {
  readonly account: DesiredAccount;
  readonly style: NodeFacts['expiry'];
}

function openOnce({ record, notes }: StoredUser, opening: Opening): DesiredAccount {
  const before = notes?.opened ?? null;
  if (before !== null && isSame(before, opening)) return before.account;
  const account = openAccount(record, opening);
  if (notes !== undefined) notes.opened = { account, style: opening.style };
  return account;
}

function isSame({ account, style }: OpenedBefore, opening: Opening): boolean {
  const { entry } = account;
  return (
    account.keys === opening.keys &&
    account.expiresAt === opening.expiresAt &&
    entry.name === opening.identity.name &&
    entry.uid === opening.identity.uid &&
    entry.gid === opening.identity.gid &&
    entry.dir === opening.identity.home &&
    entry.shell === opening.shell &&
    account.needsManagedGroup === opening.needsManagedGroup &&
    style.zulu === opening.style.zulu &&
    style.timeZone === opening.style.timeZone &&
    isSameExtension(account.extension ?? null, opening.extension)
  );
}

function isSameExtension(a: Extension | null, b: Extension | null): boolean {
  if (a === null || b === null) return a === b;
  return a.until === b.until && a.at === b.at && a.by === b.by && a.confirmedAt === b.confirmedAt;
}

function openAccount(record: UserRecord, opening: Opening): DesiredAccount {
  const { identity, shell, keys, expiresAt, style, needsManagedGroup, extension } = opening;
  const { name, uid, gid, home } = identity;
  return {
    scimId: record.id,
    entry: { name, uid, gid, gecos: cleanGecos(record.displayName), dir: home, shell },
    disabled: null,
    keys,
    keyFile: keys.length === 0 ? '' : renderKeyFile(keys, record.id, expiresAt, style),
    expiresAt,
    needsManagedGroup,
    ...(extension === null ? {} : { extension }),
  };
}
