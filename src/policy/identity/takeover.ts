// Whose the existing accounts of a node become: lines matched to people by name and uid; none of them is changed.
import type { Config } from '../../config/config.ts';
import { collectAllocations } from './allocations.ts';
import { findNameFault, findUidFault } from './faults.ts';
import { type Fault } from './identity.ts';
import { NOTHING_IN_USE } from '../in-use.ts';
import type { Binding, StoredUser, NodeFacts } from '../model.ts';
import type { PasswdEntry } from '../posix.ts';
import { isSafeHome } from './profile.ts';
import { isReservedId } from './reserved.ts';
import { matchLines } from './match-lines.ts';
import { isSafeName } from './username.ts';
import { compare } from '../../common/text/compare.ts';

/** A line that stays as it was, and why. */
export interface NotTakenOver extends Fault {
  readonly name: string;
}

export interface Takeover {
  /** What the ledger is to hold from now on; sorted by name. */
  readonly bindings: readonly Binding[];
  readonly refused: readonly NotTakenOver[];
  /** Names that the ledger binds to the same person with the same ids and home already. */
  readonly known: readonly string[];
  /** Names that no person at the store has. */
  readonly unmatched: readonly string[];
}

export interface TakeoverQuestion {
  /** The lines to take over. */
  readonly found: readonly PasswdEntry[];
  /** Whether they are the node's own accounts, which are then no obstacle to themselves. */
  readonly isLocal: boolean;
  /** Whether uid, primary gid and home stay as the line has them where the store has others (`--keep-uids`). */
  readonly keepUids: boolean;
  readonly users: readonly StoredUser[];
  readonly bindings: readonly Binding[];
  readonly facts: NodeFacts;
  readonly config: Config;
  /** Epoch seconds. */
  readonly now: number;
}

/**
 * Matches each line to one person (`matchLines`). Name, uid, gid and home are taken as they are: where the store, the
 * ledger or the node says otherwise the line is refused, unless the operator keeps what differs at the store.
 */
export function planTakeover(question: TakeoverQuestion): Takeover {
  const { config, now } = question;
  const people = matchLines(question.found, question.users, config);
  const bound = new Map<string, Binding>();
  const names = new Map<string, Binding>();
  const uids = new Map<number, Binding>();
  for (const binding of question.bindings) {
    if (binding.kind !== 'account') continue;
    bound.set(binding.scimId, binding);
    names.set(binding.name, binding);
    uids.set(binding.id, binding);
  }
  const allocations = collectAllocations(config, withoutOwn(question), [], []);
  const shared = findShared(question.found);
  const bindings: Binding[] = [];
  const refused: NotTakenOver[] = [];
  const known: string[] = [];
  const unmatched: string[] = [];
  for (const entry of [...question.found].sort((a, b) => compare(a.name, b.name))) {
    const { name, uid, gid, dir } = entry;
    const candidates = people.get(name) ?? [];
    const [person] = candidates;
    if (person === undefined) {
      unmatched.push(name);
      continue;
    }
    const scimId = person.record.id;
    const before = bound.get(scimId);
    if (before !== undefined && isSame(before, entry)) {
      known.push(name);
      continue;
    }
    const fault =
      findUnsafe(entry) ??
      (candidates.length > 1 ? several(name, candidates) : null) ??
      (shared.has(uid) ? refuse('uid-clash', `several lines have the uid ${uid}`) : null) ??
      (question.keepUids ? null : findDifference(entry, person, config)) ??
      (before === undefined ? null : otherwise(before)) ??
      heldBy(names.get(name) ?? uids.get(uid), scimId) ??
      findNameFault(name, allocations) ??
      // sudo compares names without case.
      findNameFault(name.toLowerCase(), allocations) ??
      findUidFault(name, uid, allocations) ??
      findGroupFault(entry, question);
    if (fault !== null) refused.push({ name, ...fault });
    else {
      bindings.push({
        scimId,
        kind: 'account',
        name,
        id: uid,
        gid,
        home: dir,
        boundAt: now,
        disabledAt: null,
      });
    }
  }
  return { bindings, refused, known, unmatched };
}

/** The node without what is to be taken over; where that is the node's own, each line would refuse itself. */
function withoutOwn({ found, isLocal, facts }: TakeoverQuestion): NodeFacts {
  const own = new Set(found.map(({ name, uid }) => `${name} ${uid}`));
  const isOwn = ({ name, uid }: { readonly name: string; readonly uid: number }): boolean =>
    own.has(`${name} ${uid}`);
  return {
    ...facts,
    // An operator decided; a group that lists the name means the account that is taken over.
    inUse: NOTHING_IN_USE,
    foreignAccounts: isLocal
      ? facts.foreignAccounts.filter((account) => !isOwn(account))
      : facts.foreignAccounts,
    unbound: facts.unbound.filter((account) => !isOwn(account)),
    published:
      facts.published === null
        ? null
        : {
            ...facts.published,
            accounts: facts.published.accounts.filter((account) => !isOwn(account)),
          },
  };
}

function findShared(found: readonly PasswdEntry[]): Set<number> {
  const seen = new Set<number>();
  const shared = new Set<number>();
  for (const { uid } of found) (seen.has(uid) ? shared : seen).add(uid);
  return shared;
}

function findUnsafe({ name, uid, gid, dir }: PasswdEntry): Fault | null {
  if (!isSafeName(name)) return refuse('name-reserved', 'no account may have this name');
  if (isReservedId(uid)) return refuse('uid-reserved', `the uid ${uid} is reserved for the system`);
  if (isReservedId(gid)) return refuse('gid-reserved', `the primary gid ${gid} is reserved for the system`);
  return isSafeHome(dir) ? null : refuse('home-path', `the home ${dir} is not an absolute path`);
}

function findDifference(
  { uid, gid, dir }: PasswdEntry,
  { record }: StoredUser,
  config: Config,
): Fault | null {
  if (config.accounts.ids === 'attribute' && record.uid !== null && record.uid !== uid)
    return refuse('uid-differs', `the uid is ${uid} here and ${record.uid} at the store`);
  if (config.scim.attributes.gid !== null && record.gid !== null && record.gid !== gid)
    return refuse('gid-differs', `the primary gid is ${gid} here and ${record.gid} at the store`);
  if (record.home !== null && record.home !== '' && record.home !== dir)
    return refuse('home-differs', `the home is ${dir} here and ${record.home} at the store`);
  return null;
}

/** A primary group that is a local one on this node would be refused in every sync (see faults.ts). */
function findGroupFault({ name, gid }: PasswdEntry, { facts, config }: TakeoverQuestion): Fault | null {
  if (gid === config.accounts.primary_gid) return null;
  const group = facts.foreignGroups.find((local) => local.gid === gid);
  if (group === undefined || group.name === name) return null;
  return refuse('gid-local', `the primary group ${group.name} is a local one, and not this account's own`);
}

function isSame({ name, id, gid, home }: Binding, entry: PasswdEntry): boolean {
  return name === entry.name && id === entry.uid && gid === entry.gid && home === entry.dir;
}

function otherwise({ name, id, gid, home }: Binding): Fault {
  const held = `${name}, uid ${id}, gid ${gid ?? 'none'}, ${home ?? 'no home'}`;
  return refuse('ledger-differs', `the ledger binds this person to ${held}, and that is never changed`);
}

/** @param scimId the person's id now, who may be the holder under an id of before. */
function heldBy(holder: Binding | undefined, scimId: string): Fault | null {
  if (holder === undefined) return null;
  const { name, id, scimId: former } = holder;
  return refuse(
    'ledger-differs',
    `the ledger binds ${name}, uid ${id}, to ${former}; if that is this person's former id: sunk-agent rebind ${former} ${scimId}`,
  );
}

function several(name: string, candidates: readonly StoredUser[]): Fault {
  const ids = candidates.map(({ record }) => record.id).sort(compare);
  return refuse('name-clash', `several people at the store come out as ${name}: ${ids.join(', ')}`);
}

function refuse(code: string, detail: string): Fault {
  return { code, detail };
}
