// Who had a key on this node first: a person who may not log in for a while gets it back from a copy that was served meanwhile.
import { compare } from '../../common/text/compare.ts';
import { type FormerBinding, followId } from '../identity/former.ts';
import type { Binding, StoredUser } from '../model.ts';
import type { KeyReading } from './ssh-key.ts';

/** The person whose key file had that key before any other's. */
export interface FirstOwner {
  /** `SHA256:...`, without padding. */
  readonly fingerprint: string;
  readonly scimId: string;
}

/** What to change in the record of first owners. */
export interface FirstOwnerChanges {
  /** Replaces what is recorded of these fingerprints. */
  readonly remember: readonly FirstOwner[];
  /** Fingerprints. */
  readonly forget: readonly string[];
}

export interface FirstOwnersInput {
  readonly recorded: readonly FirstOwner[];
  /** Keys that are about to leave the key file of that person: no file will tell later. */
  readonly leaving: readonly FirstOwner[];
  /** Keys that several people list, each with the one who is served it: a lost key directory must not decide anew. */
  readonly shared: readonly FirstOwner[];
  readonly users: readonly StoredUser[];
  readonly bindings: readonly Binding[];
  readonly former: readonly FormerBinding[];
  /** What a person lists, the keys that an operator adds included. */
  readonly listKeys: (user: StoredUser, accountName: string) => readonly KeyReading[];
  /** Seconds that a disabled account is kept. */
  readonly retention: number;
  /** Epoch seconds. */
  readonly now: number;
}

/** First owners by fingerprint, under the SCIM ids of now. */
export function indexFirstOwners(
  recorded: readonly FirstOwner[],
  former: readonly FormerBinding[],
): ReadonlyMap<string, string> {
  return new Map(
    recorded.map(({ fingerprint, scimId }) => [fingerprint, followId(scimId, 'account', former)]),
  );
}

/**
 * A key stays its first owner's until their last good record no longer lists it or the retention of their account is over;
 * then it is the next one's. Key files are the record of all keys that are in one, so a lost state database loses only
 * those of people who could not log in at that time.
 */
export function updateFirstOwners(input: FirstOwnersInput): FirstOwnerChanges {
  const { recorded, leaving, shared, former } = input;
  const candidates = [leaving, shared].flatMap((rows) => rows.toSorted(compareOwners));
  const present = indexFirstOwners(recorded, former);
  const isOwner = compileOwnership(
    input,
    new Set([...present.values(), ...candidates.map(({ scimId }) => scimId)]),
  );
  const owners = new Map<string, string>();
  const keep = (fingerprint: string, scimId: string): void => {
    if (!owners.has(fingerprint) && isOwner(fingerprint, scimId)) owners.set(fingerprint, scimId);
  };
  for (const [fingerprint, scimId] of present) keep(fingerprint, scimId);
  for (const { fingerprint, scimId } of candidates) keep(fingerprint, scimId);
  const before = new Map(recorded.map(({ fingerprint, scimId }) => [fingerprint, scimId]));
  return {
    remember: [...owners]
      .filter(([fingerprint, scimId]) => before.get(fingerprint) !== scimId)
      .map(([fingerprint, scimId]) => ({ fingerprint, scimId })),
    forget: [...before.keys()].filter((fingerprint) => !owners.has(fingerprint)),
  };
}

function compareOwners(a: FirstOwner, b: FirstOwner): number {
  return compare(a.scimId, b.scimId);
}

/** Whether a key is still that person's, for the people of `ids`. */
function compileOwnership(
  { users, bindings, listKeys, retention, now }: FirstOwnersInput,
  ids: ReadonlySet<string>,
): (fingerprint: string, scimId: string) => boolean {
  const kept = new Map<string, string>();
  for (const { kind, scimId, name, disabledAt } of bindings) {
    if (kind !== 'account' || !ids.has(scimId)) continue;
    if (disabledAt === null || now < disabledAt + retention) kept.set(scimId, name);
  }
  const listed = new Map<string, ReadonlySet<string>>();
  for (const user of users) {
    // An absent record lists nothing; whether the person is back before the retention ends is not known yet.
    const name = kept.get(user.record.id);
    if (user.absent || name === undefined) continue;
    const keys = listKeys(user, name).flatMap((reading) => (reading.ok ? [reading.key.fingerprint] : []));
    listed.set(user.record.id, new Set(keys));
  }
  return (fingerprint, scimId) => kept.has(scimId) && listed.get(scimId)?.has(fingerprint) !== false;
}
