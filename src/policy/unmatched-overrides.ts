// Overrides of the configuration that match no user: mistyped, or the user is gone.
import type { Config } from '../config/config.ts';
import { foldDomains, readUsername } from './identity/username.ts';
import type { Binding, Refusal, StoredUser } from './model.ts';

/** @param bindings those of accounts. */
export function findUnmatchedOverrides(
  users: readonly StoredUser[],
  bindings: Iterable<Binding>,
  config: Config,
): Refusal[] {
  const wanted = config.overrides.filter(({ id, name }) => id !== undefined || name !== undefined);
  if (wanted.length === 0) return [];
  const ids = new Set<string>();
  const names = new Set<string>();
  const domains = foldDomains(config.accounts.domains);
  for (const { scimId, name } of bindings) {
    ids.add(scimId);
    names.add(name.toLowerCase());
  }
  for (const { record, absent } of users) {
    if (absent) continue;
    ids.add(record.id);
    names.add(record.userName.toLowerCase());
    const reading = readUsername(record.username, domains);
    if (reading.ok) names.add(reading.name);
  }
  return wanted.flatMap(({ id, name = '' }): Refusal[] => {
    if (id === undefined ? names.has(name.toLowerCase()) : ids.has(id)) return [];
    const about = id === undefined ? `the userName or account name ${name}` : `the SCIM id ${id}`;
    const detail = `overrides in config.yaml names ${about}, which no user has`;
    return [{ scimId: '', kind: 'User', code: 'override-unmatched', detail }];
  });
}
