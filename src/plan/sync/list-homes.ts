// Which homes the one reading of the host is asked about.
import { resolveAccess } from '../../policy/access.ts';
import { applyGrants } from '../../policy/grants.ts';
import { followConfig } from '../../policy/identity/former.ts';
import { chooseHome } from '../../policy/identity/profile.ts';
import { foldDomains, readUsername } from '../../policy/identity/username.ts';
import type { SyncInput } from './plan-sync.ts';

/** The homes that a plan may want to know of, for the one reading of the host. */
export function listHomes({
  users,
  groups,
  bindings,
  former,
  config,
  grants,
}: Pick<SyncInput, 'users' | 'groups' | 'bindings' | 'former' | 'config' | 'grants'>): string[] {
  const { members } = resolveAccess(followConfig(config, former).access, applyGrants(groups, grants));
  const domains = foldDomains(config.accounts.domains);
  const homes = new Map<string, string | null>();
  for (const { kind, scimId, home } of bindings) if (kind === 'account') homes.set(scimId, home);
  return users.flatMap(({ record, absent }) => {
    if (absent || !record.active || !members.has(record.id)) return [];
    const home = homes.get(record.id) ?? null;
    if (home !== null) return [home];
    const reading = readUsername(record.username, domains);
    const choice = reading.ok ? chooseHome(record.home, reading.name, config.accounts) : null;
    return choice?.ok === true ? [choice.home] : [];
  });
}
