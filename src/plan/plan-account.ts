// What becomes of one account's line, home and sessions, and of what belongs to leaving and returning.
import type { DisabledBecause, DesiredAccount, DesiredState } from '../policy/model.ts';
import type { PasswdEntry } from '../policy/posix.ts';
import { type ActualAccount, type ActualState, DISABLED_DAY } from './actual.ts';
import type { Change } from './change.ts';
import { planLeaving, planReturning } from './plan-offboarding.ts';

/** Why an account is disabled, as a clause for operators. */
export const DISABLED_BECAUSE: Readonly<Record<DisabledBecause, string>> = {
  inactive: 'the store says active: false',
  absent: 'the store no longer has this person',
  'no-access-group': 'is in no access group',
  blocked: 'an operator blocked this person',
  'grant-ended': 'the grant of an operator has ended',
  'not-listed-here': 'access.users does not list this person',
  retired: 'an operator retired this account, which the store does not have',
};

/**
 * @param present the line that the account has now, perhaps under a former name; null if there is none. A disabled
 *   account without a line stays without.
 */
export function planAccount(
  account: DesiredAccount,
  present: ActualAccount | null,
  desired: DesiredState,
  actual: ActualState,
): Change[] {
  const { scimId, entry, disabled } = account;
  const common = { scimId, name: entry.name };
  if (disabled !== null)
    return present === null ? [] : planDisabling(account, disabled, present, desired, actual);
  const changes: Change[] = [];
  if (present === null) {
    changes.push({ ...common, kind: 'account-create', entry, because: 'is in an access group' });
  } else if (present.expiryDay === DISABLED_DAY) {
    // Enabling writes the whole line, but finds it by its name and uid.
    if (present.entry.name !== entry.name || present.entry.uid !== entry.uid)
      changes.push(...planAltering(scimId, present.entry, entry));
    changes.push({ ...common, kind: 'account-reopen', entry, because: 'is in an access group again' });
  } else changes.push(...planAltering(scimId, present.entry, entry));
  if (present !== null && present.entry.uid !== entry.uid) {
    const because = 'the account gets another uid';
    changes.push({ ...common, kind: 'sessions-end', uid: present.entry.uid, because });
  }
  if (mayCreateHome(entry.dir, desired, actual)) {
    const { uid, gid, dir } = entry;
    changes.push({ ...common, kind: 'home-create', uid, gid, dir, because: 'the home is missing' });
  }
  if (actual.offboarded.has(entry.uid))
    changes.push(planReturning({ ...common, uid: entry.uid, home: entry.dir }));
  return changes;
}

/** A missing one that no other user can replace. */
function mayCreateHome(
  dir: string,
  { makesHomes, sharedHome }: DesiredState,
  { homes }: ActualState,
): boolean {
  const home = homes.get(dir);
  const isMissing = home === undefined || (home.found === 'missing' && home.parent !== 'open');
  return makesHomes && dir !== sharedHome && isMissing;
}

function planDisabling(
  { scimId, entry }: DesiredAccount,
  reason: DisabledBecause,
  present: ActualAccount,
  desired: DesiredState,
  actual: ActualState,
): Change[] {
  const isDisabled = present.expiryDay === DISABLED_DAY && present.entry.shell === entry.shell;
  // A rename comes after the account is disabled, which finds the line by the name and uid that it has. Another uid comes
  // with the return of the person: whether the node grants it is judged for people with access alone.
  const nologin = { ...entry, name: present.entry.name, uid: present.entry.uid };
  const common = { scimId, name: nologin.name, because: DISABLED_BECAUSE[reason] };
  const changes: Change[] = [];
  if (!isDisabled) changes.push({ ...common, kind: 'account-close', entry: nologin, reason });
  const kept = { ...entry, uid: present.entry.uid };
  changes.push(...planAltering(scimId, isDisabled ? present.entry : nologin, kept));
  // With the account in any case: processes that live for a moment each are seen by no reading of the host.
  const hasSessions = !isDisabled || actual.sessions?.has(entry.uid) === true;
  if (hasSessions) changes.push({ ...common, kind: 'sessions-end', uid: entry.uid });
  return [...changes, ...planLeaving({ ...common, uid: entry.uid }, desired, actual)];
}

const FIELDS = ['name', 'uid', 'gid', 'gecos', 'dir', 'shell'] as const;
const WORDS: Readonly<Record<(typeof FIELDS)[number], string>> = {
  name: 'name',
  uid: 'uid',
  gid: 'primary gid',
  gecos: 'display name',
  dir: 'home',
  shell: 'shell',
};

function planAltering(scimId: string, before: PasswdEntry, entry: PasswdEntry): Change[] {
  const changed = FIELDS.filter((field) => before[field] !== entry[field]).map((field) => WORDS[field]);
  if (changed.length === 0) return [];
  const because = `${changed.join(', ')} changed`;
  return [{ scimId, name: entry.name, kind: 'account-alter', before, entry, because }];
}

const REMOVED_BECAUSE = {
  remove: 'accounts.retention is over; the uid stays bound',
  drop: 'the store does not have this account, and an operator decided to drop or retire it',
} as const;

/** The line of a leftover whose time is over, with what may still run. */
export function planRemoval(
  name: string,
  scimId: string,
  fate: keyof typeof REMOVED_BECAUSE,
  desired: DesiredState,
  actual: ActualState,
): Change[] {
  const present = actual.accounts.get(name);
  if (present === undefined) return [];
  const { entry } = present;
  const common = { scimId, name, because: REMOVED_BECAUSE[fate] };
  const changes: Change[] = [{ ...common, kind: 'account-remove', entry }];
  if (actual.sessions?.has(entry.uid) ?? present.expiryDay !== DISABLED_DAY) {
    changes.push({ ...common, kind: 'sessions-end', uid: entry.uid });
  }
  return [...changes, ...planLeaving({ ...common, uid: entry.uid }, desired, actual)];
}
