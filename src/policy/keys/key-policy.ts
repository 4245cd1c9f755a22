// Which of the keys that were read count, by the operator's rules; and whose a key is that two people list.
import type { Config } from '../../config/config.ts';
import type { AcceptedKey } from '../model.ts';
import type { KeyReading, ParsedKey } from './ssh-key.ts';

export interface KeyVerdict {
  /** Sorted by fingerprint, each once. */
  accepted: AcceptedKey[];
  /** `fingerprint` is null where none could be told. */
  refused: { fingerprint: string | null; code: string; detail: string }[];
}

/**
 * Judges one person's keys; the order in which they are listed does not matter.
 * @param knownTypes `ssh -Q key` of this node; empty if unknown, and then not asked.
 */
export function judgeKeys(
  readings: readonly KeyReading[],
  policy: Config['keys'],
  knownTypes: readonly string[],
): KeyVerdict {
  const { allowed, blocked } = compilePolicy(policy);
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
    const fault = findFault(reading.key, policy, allowed, blocked, knownTypes);
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
  policy: Config['keys'],
  allowed: readonly RegExp[],
  blocked: ReadonlySet<string>,
  knownTypes: readonly string[],
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

interface CompiledPolicy {
  readonly allowed: readonly RegExp[];
  readonly blocked: ReadonlySet<string>;
}

/** A pass judges everybody's keys by the very same policy. */
const compiled = new WeakMap<Config['keys'], CompiledPolicy>();

function compilePolicy(policy: Config['keys']): CompiledPolicy {
  const known = compiled.get(policy);
  if (known !== undefined) return known;
  const fresh = {
    allowed: policy.types.map(compilePattern),
    blocked: new Set(policy.blocked.map((fingerprint) => fingerprint.replace(/=+$/, ''))),
  };
  compiled.set(policy, fresh);
  return fresh;
}

/** `*` stands for anything, everything else for itself. */
function compilePattern(pattern: string): RegExp {
  const literal = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return new RegExp(`^${literal.join('.*')}$`);
}

/**
 * Whose key it is where several people list the same one: the one created earliest keeps it (`meta.created` as an
 * instant, unknown last, then the SCIM id), so that copying an administrator's public key cannot lock him out.
 * Every node decides alike. Only fingerprints that more than one person lists are in the answer.
 */
export function resolveSharedKeys(
  people: readonly { scimId: string; created: string | null; fingerprints: readonly string[] }[],
): Map<string, { owner: string; others: string[] }> {
  const ranked = people
    .map(({ scimId, created, fingerprints }) => ({ scimId, fingerprints, since: toInstant(created) }))
    .sort((a, b) => compare(a.since, b.since) || compare(a.scimId, b.scimId));
  const claims = new Map<string, Set<string>>();
  for (const { scimId, fingerprints } of ranked) {
    for (const fingerprint of fingerprints) {
      const claim = claims.get(fingerprint);
      if (claim === undefined) claims.set(fingerprint, new Set([scimId]));
      else claim.add(scimId);
    }
  }
  const shared = new Map<string, { owner: string; others: string[] }>();
  for (const [fingerprint, claim] of claims) {
    const [owner, ...others] = claim;
    if (owner !== undefined && others.length > 0) shared.set(fingerprint, { owner, others });
  }
  return shared;
}

/** Epoch milliseconds of an RFC 3339 time; infinity if there is none. */
function toInstant(created: string | null): number {
  const instant = created === null ? Number.NaN : Date.parse(created);
  return Number.isNaN(instant) ? Number.POSITIVE_INFINITY : instant;
}

function compare<T extends string | number>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
