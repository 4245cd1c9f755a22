// The precedence of two claims to the same thing: by the records alone, so that every node decides alike.
import { compare } from '../../common/text/compare.ts';
import { parseTimestamp } from '../../common/text/timestamp.ts';

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
