// The groups and the sudo rules that the node has for an account: managed ones and those that others wrote.
import type { SyncPlan } from '../../../plan/sync/plan-sync.ts';
import type { PasswdEntry } from '../../../policy/posix.ts';
import { readSudoersEnds, readSudoersUids } from '../../../policy/sudoers.ts';

/** Files that give power by other means than sudo(8). */
const OTHER_POWER = /^\/etc\/(?:doas\.conf|pam\.d\/|security\/)|\/polkit-1\//;

type Account = Pick<PasswdEntry, 'name' | 'uid' | 'gid'>;

export interface Memberships {
  /** Names of the account's groups, the primary one included; sorted. */
  groupsOf(account: Account): string[];
  /**
   * Where its sudo comes from; empty: it has none.
   * @param sudoGroups the sudo groups of the store that list the person.
   */
  sudoOf(account: Account, sudoGroups: readonly string[]): string[];
}

/** @param now epoch seconds: a rule that has ended gives nothing. */
export function collectMemberships(
  { actual, facts }: Pick<SyncPlan, 'actual' | 'facts'>,
  now: number,
): Memberships {
  const byMember = new Map<string, string[]>();
  const byGid = new Map<number, string>();
  const gids = new Map<string, number>();
  for (const { name, gid, members } of [...actual.groups.values(), ...facts.foreignGroups]) {
    if (!byGid.has(gid)) byGid.set(gid, name);
    gids.set(name, gid);
    for (const member of members) {
      const names = byMember.get(member);
      if (names === undefined) byMember.set(member, [name]);
      else if (!names.includes(name)) names.push(name);
    }
  }
  const managed = readSudoersUids(actual.sudoers);
  for (const [uid, end] of readSudoersEnds(actual.sudoers)) if (end <= now) managed.delete(uid);
  const groupsOf = ({ name, gid }: Account): string[] => {
    const primary = byGid.get(gid);
    const listed = byMember.get(name) ?? [];
    return primary === undefined || listed.includes(primary)
      ? [...listed].sort()
      : [primary, ...listed].sort();
  };
  return {
    groupsOf,
    sudoOf(account, sudoGroups) {
      const sources = !managed.has(account.uid)
        ? []
        : sudoGroups.length > 0
          ? sudoGroups
          : ['/etc/sudoers.d/sunk-agent'];
      const { privilegedNames: names, privilegedUids: uids } = facts;
      const others = [names.get(account.name), uids.get(account.uid), facts.privilegedGids.get(account.gid)];
      for (const group of groupsOf(account))
        others.push(facts.privilegedGroups.get(group), facts.privilegedGids.get(gids.get(group) ?? -1));
      return [
        ...new Set([
          ...sources,
          ...others.flatMap((one) => (one === undefined || OTHER_POWER.test(one) ? [] : [one])),
        ]),
      ];
    },
  };
}
