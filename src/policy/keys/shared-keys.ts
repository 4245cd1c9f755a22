// Whose key it is where several people list the same one: no one is locked out by a record that copies their public key.
import { compareClaims, type Claim } from '../identity/precedence.ts';

export interface KeyClaim extends Claim {
  readonly fingerprints: readonly string[];
  /**
   * `enabled`: has an account on this node, or gets it, and may log in; `disabled-here`: an operator of this node disabled
   * it, as by a block; `none`: the store lets them not log in, or this node refuses the account.
   */
  readonly access: 'enabled' | 'disabled-here' | 'none';
  /** The fingerprints in the key file that they have on this node now. */
  readonly held: ReadonlySet<string>;
  /** The fingerprints that their key file had before any other's (first-owners.ts). */
  readonly first: ReadonlySet<string>;
}

export interface SharedKey {
  /** SCIM ids. */
  readonly owner: string;
  readonly others: readonly string[];
  /** Why it is the owner's, as a relative clause about them. */
  readonly because: string;
}

/**
 * A person who may log in comes before one who may not; among those, the one who had the key on this node first keeps it,
 * then the one who holds it now; else the record created earlier has it (`meta.created` as an instant, unknown last, then
 * the SCIM id). A person disabled by an operator keeps the keys that they had, since a copy may be an attempt to go around
 * a block, and wins no other. Nodes without key files and first owners decide alike.
 * @returns by fingerprint, only those that more than one person lists.
 */
export function resolveSharedKeys(claims: readonly KeyClaim[]): Map<string, SharedKey> {
  const byFingerprint = new Map<string, Set<KeyClaim>>();
  for (const claim of claims.toSorted(compareClaims)) {
    for (const fingerprint of claim.fingerprints) {
      const rivals = byFingerprint.get(fingerprint);
      if (rivals === undefined) byFingerprint.set(fingerprint, new Set([claim]));
      else rivals.add(claim);
    }
  }
  const shared = new Map<string, SharedKey>();
  for (const [fingerprint, rivals] of byFingerprint) {
    const rank = (claim: KeyClaim): number =>
      (mayHave(claim, fingerprint) ? 4 : 0) +
      (claim.first.has(fingerprint) ? 2 : 0) +
      (claim.held.has(fingerprint) ? 1 : 0);
    // The sort is stable: among equals the earlier record comes first.
    const [owner, ...others] = [...rivals].sort((a, b) => rank(b) - rank(a));
    const [second] = others;
    if (owner === undefined || second === undefined) continue;
    shared.set(fingerprint, {
      owner: owner.scimId,
      others: others.map(({ scimId }) => scimId),
      because: explain(fingerprint, owner, second),
    });
  }
  return shared;
}

function mayHave({ access, first, held }: KeyClaim, fingerprint: string): boolean {
  return (
    access === 'enabled' || (access === 'disabled-here' && (first.has(fingerprint) || held.has(fingerprint)))
  );
}

function explain(fingerprint: string, owner: KeyClaim, second: KeyClaim): string {
  if (mayHave(owner, fingerprint) !== mayHave(second, fingerprint)) return 'who may log in here';
  if (owner.first.has(fingerprint)) return 'who had it on this node first';
  if (owner.held.has(fingerprint) && !second.held.has(fingerprint)) return 'who holds it on this node';
  return 'who was created earlier';
}
