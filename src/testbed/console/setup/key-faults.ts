// What is wrong with keys over all users: shared ones, ones in a wrong attribute, ones that login nodes refuse.
import type { Entry } from '../../protocol/resources/collection.ts';
import { findBlobs } from '../../keys/judged-keys.ts';
import type { Json } from '../../protocol/json.ts';
import { COREWEAVE_USER_SCHEMA } from '../../protocol/discovery/schemas.ts';
import type { Workspace } from '../../workspace.ts';
import { keysOf } from '../keys.ts';
import { pushedKeysOf } from '../people.ts';

/** What is found out about a user once: an entry never changes in place. */
interface KeyFacts {
  /** The blobs of all keys, in base64 without padding. */
  readonly blobs: readonly string[];
  /** Path of an attribute with a key in which login nodes do not look: a mapping has a wrong target. */
  readonly misplaced: string | null;
  readonly hasRefused: boolean;
}

const known = new WeakMap<Entry, KeyFacts>();

function factsOf(user: Entry): KeyFacts {
  const before = known.get(user);
  if (before !== undefined) return before;
  const facts = {
    blobs: blobsOf(user),
    misplaced: findKeyOutside(user.resource, ''),
    hasRefused: keysOf(user).some(({ reading }) => !reading.ok),
  };
  known.set(user, facts);
  return facts;
}

function blobsOf(user: Entry): readonly string[] {
  return [...new Set(findBlobs([...pushedKeysOf(user), ...user.consoleKeys]))];
}

/** Other users who have this key. */
export function findSharers({ organisation }: Workspace, user: Entry, base64: string): readonly Entry[] {
  const blob = base64.replace(/=+$/, '');
  return organisation.users
    .list()
    .filter(
      (other) =>
        other.id !== user.id &&
        [...pushedKeysOf(other), ...other.consoleKeys].some((text) => text.includes(blob)),
    );
}

export interface KeyFaults {
  /** Users who have one key together, a list for each such key. */
  readonly shared: readonly (readonly Entry[])[];
  /** Users by the wrong attribute in which a key of theirs stands. */
  readonly misplaced: ReadonlyMap<string, readonly Entry[]>;
  /** Users with a key that login nodes refuse. */
  readonly refused: readonly Entry[];
  /** Users who were not looked at yet. */
  readonly left: number;
}

/**
 * To judge the keys of thousands of users takes a second: each call does a part of it, and remembers.
 * @param budget milliseconds.
 */
export function findKeyFaults({ organisation }: Workspace, budget: number): KeyFaults {
  const end = performance.now() + budget;
  const users = organisation.users.list();
  const byBlob = new Map<string, Entry[]>();
  const misplaced = new Map<string, Entry[]>();
  const refused: Entry[] = [];
  let left = 0;
  for (const user of users) {
    if (!known.has(user) && performance.now() > end) {
      left += 1;
      continue;
    }
    const facts = factsOf(user);
    for (const blob of facts.blobs) add(byBlob, blob, user);
    if (facts.misplaced !== null) add(misplaced, facts.misplaced, user);
    if (facts.hasRefused) refused.push(user);
  }
  const shared = [...byBlob.values()].filter((holders) => holders.length > 1);
  return { shared, misplaced, refused, left };
}

function add(lists: Map<string, Entry[]>, name: string, user: Entry): void {
  const found = lists.get(name);
  if (found === undefined) lists.set(name, [user]);
  else found.push(user);
}

const RIGHT = `${COREWEAVE_USER_SCHEMA}:sunkSshKeys`.toLowerCase();
const KEY = /(?:^|\s)(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp\d+|sk-[a-z0-9-]+@openssh\.com)\s+AAAA/;

function findKeyOutside(value: Json, path: string): string | null {
  if (typeof value === 'string') {
    return value.includes('AAAA') && KEY.test(value) && path.toLowerCase() !== RIGHT ? path : null;
  }
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, member] of Object.entries(value)) {
    const step = Array.isArray(value) ? '' : `${path === '' ? '' : path.includes(':') ? ':' : '.'}${name}`;
    const found = findKeyOutside(member, path + step);
    if (found !== null) return found;
  }
  return null;
}
