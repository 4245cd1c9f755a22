// Numeric ids: from the record or derived from the SCIM id, and always judged.
import { hash } from 'node:crypto';
import type { Config } from '../../config/config.ts';
import { isReservedId, RESERVED_IDS } from './reserved.ts';

/** An id, or a stable code and one phrase for the operator. */
export type IdReading =
  | { readonly ok: true; readonly id: number }
  | { readonly ok: false; readonly code: string; readonly detail: string };

interface IdRules {
  readonly ids: Config['accounts']['ids'];
  readonly id_range: readonly [number, number];
}

/**
 * The id of a person or group that is not bound yet.
 * @param what `uid` or `gid`, for code and detail.
 * @param attribute what the record says, null if nothing.
 */
export function chooseId(
  what: 'uid' | 'gid',
  scimId: string,
  attribute: number | null,
  rules: IdRules,
): IdReading {
  const id = rules.ids === 'derived' ? deriveId(scimId, rules.id_range) : attribute;
  if (id === null) {
    const detail =
      rules.ids === 'derived'
        ? 'accounts.id_range has no id that may be granted'
        : `the store has no ${what} for it (scim.attributes)`;
    return { ok: false, code: `${what}-missing`, detail };
  }
  if (isReservedId(id)) {
    return { ok: false, code: `${what}-reserved`, detail: `the ${what} ${id} is reserved for the system` };
  }
  const [low, high] = rules.id_range;
  if (id < low || id > high) {
    return { ok: false, code: `${what}-range`, detail: `the ${what} ${id} is outside of accounts.id_range` };
  }
  return { ok: true, id };
}

/**
 * A number that only the SCIM id decides: SHA-256 of it, folded onto the ids of the range that may be granted.
 * Equal on every node with the same range; two people may meet, and then the later one is refused.
 * @returns null if the whole range is reserved.
 */
export function deriveId(scimId: string, range: readonly [number, number]): number | null {
  const free = freeParts(range);
  const size = free.reduce((sum, [low, high]) => sum + high - low + 1, 0);
  if (size === 0) return null;
  let rest = parseInt(hash('sha256', scimId, 'hex').slice(0, 12), 16) % size;
  for (const [low, high] of free) {
    if (rest <= high - low) return low + rest;
    rest -= high - low + 1;
  }
  return null;
}

/** The range without what is reserved. */
function freeParts([low, high]: readonly [number, number]): [number, number][] {
  const parts: [number, number][] = [];
  let next = low;
  for (const [from, to] of RESERVED_IDS) {
    if (to < next || from > high) continue;
    if (from > next) parts.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= high) parts.push([next, high]);
  return parts;
}
