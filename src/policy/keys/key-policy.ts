// Which of the parsed keys the operator's rules accept.
import { compileGlob } from '../../common/text/glob.ts';
import type { Config } from '../../config/config.ts';
import { compare } from '../../common/text/compare.ts';
import type { AcceptedKey } from '../model.ts';
import type { KeyReading, ParsedKey } from './ssh-key.ts';

export interface KeyVerdict {
  /** Sorted by fingerprint, each once. */
  accepted: AcceptedKey[];
  /** `fingerprint` is null where none could be told. */
  refused: { fingerprint: string | null; code: string; detail: string }[];
}

/** The rules that each key is judged by, compiled once a sync. */
export interface KeyRules {
  readonly policy: Config['keys'];
  readonly allowed: readonly RegExp[];
  /** Fingerprints, without padding. */
  readonly blocked: ReadonlySet<string>;
  readonly knownTypes: readonly string[];
}

/**
 * @param blocked fingerprints of the block list, besides `keys.blocked`.
 * @param knownTypes `ssh -Q key` of this node; empty if unknown, and then not asked.
 */
export function compileKeyRules(
  policy: Config['keys'],
  blocked: readonly string[],
  knownTypes: readonly string[],
): KeyRules {
  return {
    policy,
    allowed: policy.types.map(compileGlob),
    blocked: new Set([...policy.blocked, ...blocked].map((fingerprint) => fingerprint.replace(/=+$/, ''))),
    knownTypes,
  };
}

/** Judges one person's keys; the order in which they are listed does not matter. */
export function judgeKeys(readings: readonly KeyReading[], rules: KeyRules): KeyVerdict {
  const { policy } = rules;
  const leaked = new Set(readings.map((reading) => (reading.ok ? undefined : reading.leaked)));
  const accepted = new Map<string, AcceptedKey>();
  const refused: KeyVerdict['refused'] = [];
  for (const reading of readings) {
    if (!reading.ok) {
      refused.push({ fingerprint: reading.leaked ?? null, code: reading.code, detail: reading.detail });
      continue;
    }
    const { type, base64, fingerprint } = reading.key;
    if (leaked.has(fingerprint)) {
      const detail = `the key ${fingerprint} is refused, for its private half is in the store as well; make a new key pair`;
      refused.push({ fingerprint, code: 'key-leaked', detail });
      continue;
    }
    const fault = findFault(reading.key, rules);
    if (fault === null) accepted.set(fingerprint, { type, base64, fingerprint });
    else refused.push({ fingerprint, ...fault });
  }
  const sorted = [...accepted.values()].sort((a, b) => compare(a.fingerprint, b.fingerprint));
  for (const { fingerprint } of sorted.splice(policy.per_user)) {
    refused.push({
      fingerprint,
      code: 'key-too-many',
      detail: `the key ${fingerprint} is one more than keys.per_user (${policy.per_user}); remove old keys`,
    });
  }
  return { accepted: sorted, refused };
}

function findFault(
  key: ParsedKey,
  { policy, allowed, blocked, knownTypes }: KeyRules,
): { code: string; detail: string } | null {
  const which = `the key ${key.fingerprint}`;
  if (blocked.has(key.fingerprint)) return { code: 'key-blocked', detail: `${which} is in keys.blocked` };
  if (!allowed.some((pattern) => pattern.test(key.type))) {
    return {
      code: 'key-type-refused',
      detail: `${which} is of type ${key.type}, which keys.types does not list`,
    };
  }
  if (key.type === 'ssh-rsa' && key.bits < policy.rsa_bits) {
    return {
      code: 'key-weak',
      detail: `${which} is RSA with ${key.bits} bits; keys.rsa_bits demands ${policy.rsa_bits}: make an Ed25519 key`,
    };
  }
  if (knownTypes.length > 0 && !knownTypes.includes(key.type)) {
    return {
      code: 'key-type-unknown-here',
      detail: `${which} is of type ${key.type}, which this node's sshd does not know`,
    };
  }
  return null;
}
