// Whose key it is where several people list the same one: no one is locked out by a record that copies their public key.
import { compareClaims, type Claim } from '../identity/precedence.ts';

export interface KeyClaim extends Claim {
  readonly fingerprints: readonly string[];
  /** Whether they have an account on this node that the store lets log in; a block by an operator does not count. */
  readonly mayLogIn: boolean;
  /** The fingerprints in the key file that they have on this node now. */
  readonly held: ReadonlySet<string>;
}

export interface SharedKey {
  /** SCIM ids. */
  readonly owner: string;
  readonly others: readonly string[];
  /** Why it is the owner's, as a relative clause about them. */
  readonly because: string;
}

/**
 * A person who may log in comes before one who may not; among those, the one who holds the key on this node keeps it; else
 * the record created earlier has it (`meta.created` as an instant, unknown last, then the SCIM id). Nodes without key
 * files decide alike.
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
    const rank = ({ mayLogIn, held }: KeyClaim): number =>
      (mayLogIn ? 2 : 0) + (held.has(fingerprint) ? 1 : 0);
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

function explain(fingerprint: string, owner: KeyClaim, second: KeyClaim): string {
  if (owner.mayLogIn !== second.mayLogIn) return 'who may log in here';
  if (owner.held.has(fingerprint) && !second.held.has(fingerprint)) return 'who holds it on this node';
  return 'who was created earlier';
}
