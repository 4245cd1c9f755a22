// The part of a list's query that is the same on every page: the configured parameters, and the filters.
import type { Config } from '../../config/config.ts';
import type { ResourceKind } from '../../protocol/records.ts';

/**
 * @param filter beside the configured one; null: none.
 */
export function listQuery(
  scim: Config['scim'],
  kind: ResourceKind,
  filter: string | null,
): Record<string, string> {
  const { filter: configured, parameters } = kind === 'User' ? scim.users : scim.groups;
  const parts = [configured, filter].filter((part) => part !== null);
  if (parts.length === 0) return { ...parameters };
  return {
    ...parameters,
    filter: parts.length === 1 ? parts.join('') : parts.map((part) => `(${part})`).join(' and '),
  };
}
