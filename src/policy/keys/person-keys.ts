// The keys of each person: judged, and resolved where two people list the same one.
import type { AcceptedKey, Refusal, StoredUser } from '../model.ts';
import type { Person } from '../person.ts';
import { listFingerprints } from './key-file-lines.ts';
import { judgeKeys, type KeyRules } from './key-policy.ts';
import { headOf, mayHold } from './key-text.ts';
import { type KeyClaim, resolveSharedKeys } from './shared-keys.ts';
import { readKeys } from './ssh-key.ts';

export interface PersonKeys {
  readonly accepted: readonly AcceptedKey[];
  readonly faults: readonly Pick<Refusal, 'code' | 'detail' | 'fingerprint'>[];
}

/** What decides whose a key is that several people list. */
export interface KeyHolders {
  /** SCIM ids of the people who have an account here, or get one. */
  readonly identities: Pick<ReadonlyMap<string, unknown>, 'has'>;
  /** Text of each key file on this node, by account name. */
  readonly keyFiles: ReadonlyMap<string, string>;
  /** Who had a key here first: SCIM ids by fingerprint. */
  readonly firstOwners: ReadonlyMap<string, string>;
}

/**
 * The keys of each person that the node knows and the store still lists, by SCIM id.
 * @param others users of the store that the node does not know: a key that they list as well is reported.
 */
export function resolveKeys(
  people: readonly Person[],
  others: readonly StoredUser[],
  rules: KeyRules,
  holders: KeyHolders,
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
  const strangers: Listing[] = [];
  const heads = listHeads(keys);
  for (const user of others) {
    // Few users that the node does not know list such a key, so only their keys are parsed.
    if (!user.record.keys.some((text) => mayHold(text, heads))) continue;
    const { accepted } = judgePerson(user, [], rules);
    const contested = accepted.filter(({ fingerprint }) => listed.has(fingerprint));
    for (const { fingerprint } of contested) shared.add(fingerprint);
    if (contested.length > 0) strangers.push({ user, accepted, access: 'none', keyFile: '' });
  }
  const known = people.map(({ user, disabled, isEnabledByStore, binding }): Listing => ({
    user,
    accepted: keys.get(user.record.id)?.accepted ?? [],
    access:
      !isEnabledByStore || !holders.identities.has(user.record.id)
        ? 'none'
        : disabled === null
          ? 'enabled'
          : 'disabled-here',
    keyFile: binding === null ? '' : (holders.keyFiles.get(binding.name) ?? ''),
  }));
  refuseShared(keys, [...known, ...strangers], shared, holders.firstOwners);
  return keys;
}

function listHeads(keys: ReadonlyMap<string, PersonKeys>): Set<string> {
  const heads = new Set<string>();
  for (const { accepted } of keys.values()) for (const { base64 } of accepted) heads.add(headOf(base64));
  return heads;
}

/** @param addKeys from `overrides`: an operator's decision. */
function judgePerson(user: StoredUser, addKeys: readonly string[], rules: KeyRules): PersonKeys {
  const { accepted, refused } = judgeKeys([...user.readings, ...readKeys(addKeys)], rules);
  return {
    accepted,
    faults: refused.map(({ fingerprint, ...fault }) =>
      fingerprint === null ? fault : { ...fault, fingerprint },
    ),
  };
}

/** A person with the keys that they list. */
interface Listing {
  readonly user: StoredUser;
  readonly accepted: readonly AcceptedKey[];
  readonly access: KeyClaim['access'];
  /** The text of their key file on this node. */
  readonly keyFile: string;
}

function refuseShared(
  keys: Map<string, PersonKeys>,
  listings: readonly Listing[],
  shared: ReadonlySet<string>,
  firstOwners: ReadonlyMap<string, string>,
): void {
  const claims = listings.flatMap(({ user, accepted, access, keyFile }): KeyClaim[] => {
    const { id, created } = user.record;
    const fingerprints = accepted
      .map(({ fingerprint }) => fingerprint)
      .filter((fingerprint) => shared.has(fingerprint));
    if (fingerprints.length === 0) return [];
    const first = new Set(fingerprints.filter((fingerprint) => firstOwners.get(fingerprint) === id));
    const held = new Set(listFingerprints(keyFile));
    return [{ scimId: id, created, fingerprints, access, held, first }];
  });
  const report = (scimId: string, fault: PersonKeys['faults'][number], without: string | null): void => {
    const found = keys.get(scimId);
    if (found === undefined) return;
    keys.set(scimId, {
      accepted: found.accepted.filter((key) => key.fingerprint !== without),
      faults: [...found.faults, fault],
    });
  };
  for (const [fingerprint, { owner, others, because }] of resolveSharedKeys(claims)) {
    const detail = `the key ${fingerprint} is listed by ${others.length} more (${others.slice(0, 3).join(', ')}), where it is refused`;
    report(owner, { code: 'key-shared', detail, fingerprint }, null);
    for (const other of others) {
      const fault = {
        code: 'key-of-another',
        detail: `the key ${fingerprint} belongs to ${owner}, ${because}: make a key of your own`,
        fingerprint,
      };
      report(other, fault, fingerprint);
    }
  }
}
