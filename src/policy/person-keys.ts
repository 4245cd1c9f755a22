// Each person's keys: read, judged, and settled where two people list the same one.
import type { Config } from '../config.ts';
import type { AcceptedKey, MirroredUser, NodeFacts } from './desired.ts';
import { judgeKeys, settleSharedKeys } from './key-policy.ts';
import type { KeyReading } from './ssh-key.ts';

export interface PersonKeys {
  readonly accepted: readonly AcceptedKey[];
  readonly faults: readonly { readonly code: string; readonly detail: string }[];
}

export interface KeyHolder {
  readonly user: MirroredUser;
  /** From `overrides`: the operator's word. */
  readonly addKeys: readonly string[];
}

export interface KeyRules {
  readonly policy: Config['keys'];
  /** Fingerprints blocked from outside of the configuration. */
  readonly blocked: readonly string[];
  readonly facts: Pick<NodeFacts, 'keyTypes'>;
  readonly readKeys: (texts: readonly string[]) => KeyReading[];
}

/**
 * The keys of everybody the node knows, by SCIM id, also of those who may not log in: nobody borrows a key from
 * somebody who is out.
 */
export function settleKeys(holders: readonly KeyHolder[], rules: KeyRules): Map<string, PersonKeys> {
  const policy =
    rules.blocked.length === 0
      ? rules.policy
      : { ...rules.policy, blocked: [...rules.policy.blocked, ...rules.blocked] };
  const keys = new Map<string, PersonKeys>();
  const listed = new Set<string>();
  const shared = new Set<string>();
  for (const { user, addKeys } of holders) {
    const { record } = user;
    if (record.keys.length === 0 && addKeys.length === 0) {
      keys.set(record.id, NO_KEYS);
      continue;
    }
    const readings = user.readings ?? rules.readKeys(record.keys);
    const all = addKeys.length === 0 ? readings : [...readings, ...rules.readKeys(addKeys)];
    const judged = judgeOnce(all, policy, rules.facts.keyTypes);
    keys.set(record.id, judged);
    for (const { fingerprint } of judged.accepted) {
      if (listed.has(fingerprint)) shared.add(fingerprint);
      else listed.add(fingerprint);
    }
  }
  if (shared.size > 0) refuseShared(holders, keys, shared);
  return keys;
}

const NO_KEYS: PersonKeys = { accepted: [], faults: [] };

interface Judged {
  readonly policy: Config['keys'];
  readonly knownTypes: string;
  readonly keys: PersonKeys;
}

/** Verdicts on readings that the caller keeps from pass to pass, by the very array. */
const judgedReadings = new WeakMap<readonly KeyReading[], Judged>();

function judgeOnce(
  readings: readonly KeyReading[],
  policy: Config['keys'],
  types: readonly string[],
): PersonKeys {
  const knownTypes = types.join();
  const before = judgedReadings.get(readings);
  if (before?.policy === policy && before.knownTypes === knownTypes) return before.keys;
  const { accepted, refused } = judgeKeys(readings, policy, types);
  const keys = { accepted, faults: refused.map(({ code, detail }) => ({ code, detail })) };
  judgedReadings.set(readings, { policy, knownTypes, keys });
  return keys;
}

function refuseShared(
  holders: readonly KeyHolder[],
  keys: Map<string, PersonKeys>,
  shared: ReadonlySet<string>,
): void {
  const people = holders.flatMap(({ user: { record } }) => {
    const { id, created } = record;
    const fingerprints = (keys.get(id) ?? NO_KEYS).accepted.map(({ fingerprint }) => fingerprint);
    const contested = fingerprints.filter((fingerprint) => shared.has(fingerprint));
    return contested.length === 0 ? [] : [{ scimId: id, created, fingerprints: contested }];
  });
  for (const [fingerprint, { owner, others }] of settleSharedKeys(people)) {
    report(keys, owner, {
      code: 'key-shared',
      detail: `the key ${fingerprint} is listed by ${others.length} more (${others.slice(0, 3).join(', ')}), for whom it is refused`,
    });
    for (const other of others) {
      const { accepted, faults } = keys.get(other) ?? NO_KEYS;
      keys.set(other, { accepted: accepted.filter((key) => key.fingerprint !== fingerprint), faults });
      report(keys, other, {
        code: 'key-of-another',
        detail: `the key ${fingerprint} belongs to ${owner}, who was created earlier: make a key of one's own`,
      });
    }
  }
}

function report(keys: Map<string, PersonKeys>, scimId: string, fault: PersonKeys['faults'][number]): void {
  const { accepted, faults } = keys.get(scimId) ?? NO_KEYS;
  keys.set(scimId, { accepted, faults: [...faults, fault] });
}
