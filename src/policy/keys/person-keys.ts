// Each person's keys: read, judged, and settled where two people list the same one.
import type { Config } from '../../config/config.ts';
import { memoizeLast } from '../memo.ts';
import type { AcceptedKey, StoredUser, NodeFacts, Refusal } from '../model.ts';
import { judgeKeys, resolveSharedKeys } from './key-policy.ts';
import { headOf, mayHold } from './key-text.ts';
import type { Person } from '../person.ts';
import type { KeyReading } from './ssh-key.ts';

export interface PersonKeys {
  readonly accepted: readonly AcceptedKey[];
  readonly faults: readonly Pick<Refusal, 'code' | 'detail' | 'fingerprint'>[];
}

export const NO_KEYS: PersonKeys = { accepted: [], faults: [] };

export interface KeyRules {
  readonly policy: Config['keys'];
  /** Fingerprints blocked from outside of the configuration. */
  readonly blocked: readonly string[];
  readonly facts: Pick<NodeFacts, 'keyTypes'>;
  readonly readKeys: (texts: readonly string[]) => KeyReading[];
}

/** What was judged of a record's own keys, and by which rules. */
export interface JudgedKeys {
  readonly rules: Rules;
  readonly keys: PersonKeys;
}

interface Rules {
  readonly policy: Config['keys'];
  readonly keyTypes: readonly string[];
}

/** @param blocked separated by blanks, which no fingerprint has. */
const joinRules = memoizeLast(
  (policy: Config['keys'], blocked: string, keyTypes: readonly string[]): Rules => ({
    policy: blocked === '' ? policy : { ...policy, blocked: [...policy.blocked, ...blocked.split(' ')] },
    keyTypes,
  }),
);

/**
 * Settles the keys (`Person.keys`) of everybody the node knows and the store still lists, also of those who may not log
 * in: nobody borrows a key from somebody who is out.
 * @param others whom the store lists and the node does not know. Their keys count as well, for whom a node knows hangs on
 *   its ledger, and whose a key is must be the same on every node.
 */
export function resolveKeys(
  people: readonly Person[],
  others: readonly StoredUser[],
  { policy, blocked, facts, readKeys }: KeyRules,
): void {
  const rules = joinRules(policy, blocked.join(' '), facts.keyTypes);
  const listed = new Set<string>();
  const shared = new Set<string>();
  for (const person of people) {
    if (person.user.absent) continue;
    person.keys = findKeys(person.user, person.rules.addKeys, rules, readKeys);
    for (const { fingerprint } of person.keys.accepted) {
      if (listed.has(fingerprint)) shared.add(fingerprint);
      else listed.add(fingerprint);
    }
  }
  const claims: Claim[] = [];
  // Of the many whom the node does not know nearly nobody lists such a key, so only theirs are read, and kept.
  const heads = others.length === 0 ? new Set<string>() : listHeads(people);
  for (const user of heads.size === 0 ? [] : others) {
    if (!user.record.keys.some((text) => mayHold(text, heads))) continue;
    const { accepted } = findKeys(user, [], rules, readKeys);
    const contested = accepted.filter(({ fingerprint }) => listed.has(fingerprint));
    if (contested.length === 0) continue;
    for (const { fingerprint } of contested) shared.add(fingerprint);
    claims.push({ user, accepted });
  }
  if (shared.size > 0) refuseShared(people, claims, shared);
}

function listHeads(people: readonly Person[]): Set<string> {
  const heads = new Set<string>();
  for (const { keys } of people) for (const { base64 } of keys.accepted) heads.add(headOf(base64));
  return heads;
}

/** @param addKeys the operator's word, from `overrides`. */
function findKeys(
  user: StoredUser,
  addKeys: readonly string[],
  rules: Rules,
  readKeys: KeyRules['readKeys'],
): PersonKeys {
  const { record, notes } = user;
  if (record.keys.length === 0 && addKeys.length === 0) return NO_KEYS;
  if (notes?.judged?.rules === rules && addKeys.length === 0) return notes.judged.keys;
  const readings = [...(user.readings ?? readKeys(record.keys)), ...readKeys(addKeys)];
  const { accepted, refused } = judgeKeys(readings, rules.policy, rules.keyTypes);
  const keys = {
    accepted,
    faults: refused.map(({ fingerprint, ...fault }) =>
      fingerprint === null ? fault : { ...fault, fingerprint },
    ),
  };
  if (notes !== undefined && addKeys.length === 0) notes.judged = { rules, keys };
  return keys;
}

interface Claim {
  readonly user: StoredUser;
  readonly accepted: readonly AcceptedKey[];
}

function refuseShared(
  people: readonly Person[],
  others: readonly Claim[],
  shared: ReadonlySet<string>,
): void {
  const holders = new Map(people.map((person) => [person.user.record.id, person]));
  const ours = people.map(({ user, keys }): Claim => ({ user, accepted: keys.accepted }));
  const claims = [...ours, ...others].flatMap(({ user, accepted }) => {
    const { id, created } = user.record;
    const fingerprints = accepted.map(({ fingerprint }) => fingerprint);
    const contested = fingerprints.filter((fingerprint) => shared.has(fingerprint));
    return contested.length === 0 ? [] : [{ scimId: id, created, fingerprints: contested }];
  });
  const report = (scimId: string, fault: PersonKeys['faults'][number], without: string | null): void => {
    const person = holders.get(scimId);
    if (person === undefined) return;
    const { accepted, faults } = person.keys;
    person.keys = {
      accepted: accepted.filter((key) => key.fingerprint !== without),
      faults: [...faults, fault],
    };
  };
  for (const [fingerprint, { owner, others }] of resolveSharedKeys(claims)) {
    const detail = `the key ${fingerprint} is listed by ${others.length} more (${others.slice(0, 3).join(', ')}), for whom it is refused`;
    report(owner, { code: 'key-shared', detail, fingerprint }, null);
    for (const other of others) {
      const fault = {
        code: 'key-of-another',
        detail: `the key ${fingerprint} belongs to ${owner}, who was created earlier: make a key of one's own`,
        fingerprint,
      };
      report(other, fault, fingerprint);
    }
  }
}
