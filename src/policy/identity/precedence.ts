// Who wins when two want the same: decided from the records alone, so that every node decides alike.

/** What decides a clash. */
export interface Claim {
  readonly scimId: string;
  /** `meta.created` as the store sent it, or null. */
  readonly created: string | null;
}

/** The order of claims: the one created earlier first (as an instant; unknown last), then the smaller SCIM id. */
export function compareClaims(a: Claim, b: Claim): number {
  const first = toInstant(a.created);
  const second = toInstant(b.created);
  if (first !== second) return first < second ? -1 : 1;
  return compareText(a.scimId, b.scimId);
}

/** Order by code units: the same everywhere, unlike localeCompare. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Epoch milliseconds of an RFC 3339 time; infinity if there is none or it cannot be read. */
function toInstant(created: string | null): number {
  if (created === null || !/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i.test(created)) {
    return Number.POSITIVE_INFINITY;
  }
  const instant = Date.parse(created);
  return Number.isNaN(instant) ? Number.POSITIVE_INFINITY : instant;
}
