// What else the ledger binds or is in the managed group, and what becomes of it.
import { compare } from '../common/text/compare.ts';
import type { Config } from '../config/config.ts';
import type { BuiltAccounts } from './accounts.ts';
import type { GroupChoice } from './groups/groups.ts';
import type { PersonalGroups } from './groups/personal-groups.ts';
import type { Binding, DesiredAccount, DesiredGroup, Leftover, StoredUser, UnboundAccount } from './model.ts';

/** What the leftovers of a sync follow from. */
export interface LeftoverInput {
  readonly users: readonly StoredUser[];
  readonly unbound: readonly UnboundAccount[];
  readonly config: Config;
  /** Epoch seconds. */
  readonly now: number;
  /** See `DesiredStateInput` of desired-state.ts. */
  readonly isComplete: boolean;
  /** Those of accounts, by SCIM id. */
  readonly bindings: ReadonlyMap<string, Binding>;
  readonly choice: GroupChoice;
  readonly built: BuiltAccounts;
  readonly personal: PersonalGroups;
  /** The managed group belongs to the node itself: no grant and no change. */
  readonly isTaken: boolean;
}

/** What else the ledger binds, or is in the managed group. */
export function listLeftovers(input: LeftoverInput): Leftover[] {
  const { users, unbound, config, now, isComplete, bindings, choice, built, personal, isTaken } = input;
  return [
    ...choice.leftovers.flatMap((leftover) => endPersonal(leftover, bindings, personal.groups)),
    ...built.leftovers,
    ...findUnrecorded(bindings, users, config, now),
    ...findNotInStore(unbound, built.accounts, isComplete),
    ...(isTaken ? leaveEnabled(built.accounts) : []),
  ].sort(compareLeftovers);
}

/** The group that was made for an account's primary gid goes when no account has that gid any more. */
function endPersonal(
  leftover: Leftover,
  accounts: ReadonlyMap<string, Binding>,
  personal: readonly DesiredGroup[],
): Leftover[] {
  if (leftover.fate !== 'leave' || !accounts.has(leftover.scimId)) return [leftover];
  return personal.some(({ name }) => name === leftover.name) ? [] : [{ ...leftover, fate: 'remove' }];
}

/** Bound accounts without a record: left alone, but for a disabled one whose retention is over. */
function findUnrecorded(
  bindings: ReadonlyMap<string, Binding>,
  users: readonly StoredUser[],
  config: Config,
  now: number,
): Leftover[] {
  const unrecorded = new Map(bindings);
  for (const { record } of users) unrecorded.delete(record.id);
  return [...unrecorded].map(([scimId, { name, disabledAt }]) => {
    const isOver = disabledAt !== null && now >= disabledAt + config.accounts.retention;
    return { scimId, kind: 'account', name, fate: isOver ? 'remove' : 'leave' };
  });
}

function leaveEnabled(accounts: readonly DesiredAccount[]): Leftover[] {
  return accounts
    .filter(({ disabled }) => disabled === null)
    .map(({ scimId, entry }) => ({ scimId, kind: 'account', name: entry.name, fate: 'leave' }));
}

/** What the SCIM id of such a leftover begins with. */
const PREFIX = 'unknown:';

/**
 * Accounts of the managed group that neither the ledger nor the store knows: added by hand, or the ledger was lost.
 * They are not managed, so they are named and never disabled: an operator may have put an emergency account there. A key
 * file is no part of the account: it goes where the store was read completely now and once before, because sshd would
 * serve what the store lists no longer. Until then it stays, because incomplete data never revokes access.
 */
export function findNotInStore(
  unbound: readonly UnboundAccount[],
  accounts: readonly DesiredAccount[],
  isComplete: boolean,
): Leftover[] {
  if (unbound.length === 0) return [];
  const known = new Set(accounts.map(({ entry }) => entry.name));
  return unbound
    .filter(({ name }) => !known.has(name))
    .map(({ name }) => ({
      scimId: `${PREFIX}${name}`,
      kind: 'account',
      name,
      fate: isComplete ? 'deny' : 'leave',
    }));
}

/** Whether a leftover is such an account. */
export function isNotInStore({ scimId }: Pick<Leftover, 'scimId'>): boolean {
  return scimId.startsWith(PREFIX);
}

function compareLeftovers(a: Leftover, b: Leftover): number {
  return compare(a.kind, b.kind) || compare(a.name, b.name) || compare(a.fate, b.fate);
}
