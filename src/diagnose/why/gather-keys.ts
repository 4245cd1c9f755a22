// The keys of one person, each with the policy's refusal of it.
import type { Config } from '../../config/config.ts';
import type { DesiredAccount, Refusal, StoredUser } from '../../policy/model.ts';
import { compileKeyRules, judgeKeys } from '../../policy/keys/key-policy.ts';
import { readKeys } from '../../policy/keys/ssh-key.ts';
import type { KeyFacts } from './facts.ts';

export interface KeySources {
  readonly user: StoredUser;
  /** Keys that overrides add. */
  readonly addKeys: readonly string[];
  /** Fingerprints that operators blocked. */
  readonly blocked: readonly string[];
  readonly config: Config;
  readonly desired: DesiredAccount | null;
  /** What the policy refused of this person. */
  readonly refusals: readonly Refusal[];
}

/** Each key once, in the order of the record. A shared key is refused by a rule that needs the keys of all people. */
export function gatherKeys({ user, addKeys, blocked, config, desired, refusals }: KeySources): KeyFacts[] {
  const readings = readKeys([...user.record.keys, ...addKeys]);
  const { accepted, refused } = judgeKeys(readings, compileKeyRules(config.keys, blocked, []));
  const served = new Set(desired?.credentials.map(({ fingerprint }) => fingerprint));
  const isEnabled = desired !== null && desired.disabled === null;
  const explain = (fingerprint: string): KeyFacts['refusal'] => {
    if (!isEnabled || served.has(fingerprint)) return null;
    const refusal = refusals.find((one) => one.fingerprint === fingerprint && one.code !== 'key-shared');
    return refusal === undefined
      ? { code: 'key-refused', detail: `the key ${fingerprint} is refused` }
      : { code: refusal.code, detail: refusal.detail };
  };
  return [
    ...accepted.map(({ fingerprint, type }) => ({ fingerprint, type, refusal: explain(fingerprint) })),
    ...refused.map(({ fingerprint, code, detail }) => ({
      fingerprint,
      type: null,
      refusal: { code, detail },
    })),
  ];
}
