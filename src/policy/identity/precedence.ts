// The precedence of claims to the same thing: by the records alone, so that every node decides alike.
import { compare } from '../../common/text/compare.ts';
import { parseTimestamp } from '../../common/text/timestamp.ts';
import type { UserRecord } from '../../protocol/records.ts';
import type { Fault, Identity } from './identity.ts';
import { isPersonalHome } from './profile.ts';

/** What decides a clash. */
export interface Claim {
  readonly scimId: string;
  /** `meta.created` as the store sent it, or null. */
  readonly created: string | null;
}

/** The order of claims: the one created earlier first (as an instant; unknown last), then the smaller SCIM id. */
export function compareClaims(a: Claim, b: Claim): number {
  return compare(toInstant(a.created), toInstant(b.created)) || compare(a.scimId, b.scimId);
}

/** Epoch milliseconds; infinity if there is no time or it cannot be read. */
function toInstant(created: string | null): number {
  return (created === null ? null : parseTimestamp(created)) ?? Number.POSITIVE_INFINITY;
}

/** One person, with the identity that they claim. */
export interface Candidate {
  readonly record: UserRecord;
  readonly identity: Identity;
}

/** What a candidate claims for themselves alone, one phrase each. */
function listClaims({ identity: { name, uid, home } }: Candidate, homeTemplate: string): string[] {
  const claims = [`name ${name}`, `uid ${uid}`];
  return isPersonalHome(home, homeTemplate) ? [...claims, `home ${home}`] : claims;
}

/**
 * Resolves clashes: in the order of precedence each claim gets name, uid and home, or is refused if one is gone.
 * @returns the refused, by SCIM id, with the reason.
 */
export function resolveClashes(candidates: readonly Candidate[], homeTemplate: string): Map<string, Fault> {
  const claimants = new Map<string, Candidate[]>();
  for (const candidate of candidates)
    for (const claim of listClaims(candidate, homeTemplate)) {
      const others = claimants.get(claim);
      if (others === undefined) claimants.set(claim, [candidate]);
      else others.push(candidate);
    }
  const rivals = new Set([...claimants.values()].filter((several) => several.length > 1).flat());
  const owners = new Map<string, UserRecord>();
  const refused = new Map<string, Fault>();
  for (const rival of [...rivals].sort((a, b) => compareClaims(toClaim(a), toClaim(b)))) {
    const claims = listClaims(rival, homeTemplate);
    const lost = claims.find((claim) => owners.has(claim));
    if (lost === undefined) for (const claim of claims) owners.set(claim, rival.record);
    else refused.set(rival.record.id, describeLoss(lost, owners.get(lost)));
  }
  return refused;
}

function toClaim({ record }: Candidate): Claim {
  return { scimId: record.id, created: record.created };
}

/** @param claim such as `uid 20100`. */
function describeLoss(claim: string, owner: UserRecord | undefined): Fault {
  const detail = `the ${claim} goes to ${owner?.userName} (${owner?.id}), who was created earlier`;
  return { code: `${claim.slice(0, claim.indexOf(' '))}-clash`, detail };
}
