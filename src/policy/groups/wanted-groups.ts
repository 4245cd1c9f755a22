// The groups that this node must have, and why: named in `access`, or matching `accounts.groups`.
import { compileGlob } from '../../common/text/glob.ts';
import type { Config } from '../../config/config.ts';
import type { GroupRecord } from '../../protocol/records.ts';
import type { ResolvedAccess } from '../access.ts';
import type { StoredGroup } from '../model.ts';

/** Why a group is wanted; `pattern` alone is the weakest reason. */
export type WantedGroups = ReadonlyMap<GroupRecord, 'sudo' | 'access' | 'pattern'>;

/** The groups that the node must have, and why. */
export function findWanted(
  groups: readonly StoredGroup[],
  { accessGroups, sudoGroups }: ResolvedAccess,
  config: Config,
): WantedGroups {
  const wanted = new Map<GroupRecord, 'sudo' | 'access' | 'pattern'>();
  const patterns = config.accounts.groups.map(compileGlob);
  for (const { record, absent } of groups) {
    if (!absent && patterns.some((pattern) => pattern.test(record.name))) wanted.set(record, 'pattern');
  }
  for (const record of accessGroups) wanted.set(record, 'access');
  for (const record of sudoGroups) wanted.set(record, 'sudo');
  return wanted;
}
