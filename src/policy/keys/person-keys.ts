// The keys of each person: judged, and resolved where two people list the same one.
import type { AcceptedKey, Refusal, StoredUser } from '../model.ts';
import type { Person } from '../person.ts';
import { judgeKeys, type KeyRules, resolveSharedKeys } from './key-policy.ts';
import { headOf, mayHold } from './key-text.ts';
import { readKeys } from './ssh-key.ts';

export interface PersonKeys {
  readonly accepted: readonly AcceptedKey[];
  readonly faults: readonly Pick<Refusal, 'code' | 'detail' | 'fingerprint'>[];
}

/**
 * The keys of each person that the node knows and the store still lists, by SCIM id; also of people who may not log in,
 * so that no one takes over a key from a person who is disabled.
 * @param others users of the store that the node does not know. Their keys count as well: which people a node knows
 *   depends on its ledger, and the owner of a key must be the same on every node.
 */
export function resolveKeys(
  people: readonly Person[],
  others: readonly StoredUser[],
  rules: KeyRules,
): ReadonlyMap<string, PersonKeys> {
  const keys = new Map<string, PersonKeys>();
  const listed = new Set<string>();
  const shared = new Set<string>();
  for (const { user, rules: personal } of people) {
    if (user.absent) continue;
    const found = judgePerson(user, personal.addKeys, rules);
    keys.set(user.record.id, found);
    for (const { fingerprint } of found.accepted) {
      if (listed.has(fingerprint)) shared.add(fingerprint);
      else listed.add(fingerprint);
    }
  }
  const claims: Claim[] = [];
  const heads = others.length === 0 ? new Set<string>() : listHeads(keys);
  for (const user of heads.size === 0 ? [] : others) {
    // Few users that the node does not know list such a key, so only their keys are parsed.
    if (!user.record.keys.some((text) => mayHold(text, heads))) continue;
    const { accepted } = judgePerson(user, [], rules);
    const contested = accepted.filter(({ fingerprint }) => listed.has(fingerprint));
    for (const { fingerprint } of contested) shared.add(fingerprint);
    if (contested.length > 0) claims.push({ user, accepted });
  }
  if (shared.size > 0) refuseShared(keys, people, claims, shared);
  return keys;
}

function listHeads(keys: ReadonlyMap<string, PersonKeys>): Set<string> {
  const heads = new Set<string>();
  for (const { accepted } of keys.values()) for (const { base64 } of accepted) heads.add(headOf(base64));
  return heads;
}

/** @param addKeys from `overrides`: an operator's decision. */
function judgePerson(user: StoredUser, addKeys: readonly string[], rules: KeyRules): PersonKeys {
  if (user.record.keys.length === 0 && addKeys.length === 0) return { accepted: [], faults: [] };
  const readings = addKeys.length === 0 ? user.readings : [...user.readings, ...readKeys(addKeys)];
  const { accepted, refused } = judgeKeys(readings, rules);
  return {
    accepted,
    faults: refused.map(({ fingerprint, ...fault }) =>
      fingerprint === null ? fault : { ...fault, fingerprint },
    ),
  };
}

interface Claim {
  readonly user: StoredUser;
  readonly accepted: readonly AcceptedKey[];
}

function refuseShared(
  keys: Map<string, PersonKeys>,
  people: readonly Person[],
  others: readonly Claim[],
  shared: ReadonlySet<string>,
): void {
  const known = people.map(({ user }): Claim => ({
    user,
    accepted: keys.get(user.record.id)?.accepted ?? [],
  }));
  const claims = [...known, ...others].flatMap(({ user, accepted }) => {
    const { id, created } = user.record;
    const fingerprints = accepted.map(({ fingerprint }) => fingerprint);
    const contested = fingerprints.filter((fingerprint) => shared.has(fingerprint));
    return contested.length === 0 ? [] : [{ scimId: id, created, fingerprints: contested }];
  });
  const report = (scimId: string, fault: PersonKeys['faults'][number], without: string | null): void => {
    const found = keys.get(scimId);
    if (found === undefined) return;
    keys.set(scimId, {
      accepted: found.accepted.filter((key) => key.fingerprint !== without),
      faults: [...found.faults, fault],
    });
  };
  for (const [fingerprint, { owner, others: rest }] of resolveSharedKeys(claims)) {
    const detail = `the key ${fingerprint} is listed by ${rest.length} more (${rest.slice(0, 3).join(', ')}), where it is refused`;
    report(owner, { code: 'key-shared', detail, fingerprint }, null);
    for (const other of rest) {
      const fault = {
        code: 'key-of-another',
        detail: `the key ${fingerprint} belongs to ${owner}, who was created earlier: make a key of one's own`,
        fingerprint,
      };
      report(other, fault, fingerprint);
    }
  }
}
