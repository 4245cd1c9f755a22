// A digest of what the configuration asks the store for.
import { createHash } from 'node:crypto';
import type { Config } from '../../config/config.ts';

/** A digest of what was asked, and of how the answers were read: after a change of either, a delta is not enough. */
export function scopeOf({ scim }: Config): string {
  const { base_url: url, users, groups, attributes } = scim;
  return createHash('sha256')
    .update(JSON.stringify([url, users, groups, attributes]))
    .digest('hex')
    .slice(0, 12);
}
