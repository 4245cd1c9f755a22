// Grants with an end: an operator lets a person into an access or sudo group for a while; a clock that jumps only shortens them.
import type { Config } from '../config/config.ts';
import { resolveAccess } from './access.ts';
import type { DesiredAccount, StoredGroup } from './model.ts';

/** One grant, as an operator gave it. */
export interface Grant {
  /** SCIM id of the person. */
  readonly scimId: string;
  /** SCIM id of the group, and its name at the store when the grant was given. */
  readonly groupId: string;
  readonly group: string;
  /** Epoch seconds from which and until which it counts. */
  readonly at: number;
  readonly until: number;
  /** The operator, and the reason that they gave. */
  readonly by: string;
  readonly reason: string;
  /** The boot of the node in which it was given, and seconds since that boot (CLOCK_BOOTTIME): no one sets these. */
  readonly bootId: string;
  readonly uptime: number;
  /** When it ended, epoch seconds; null: it has not. Once ended, it never counts again. */
  readonly endedAt: number | null;
}

/** A grant, and whether it counts now. */
export interface JudgedGrant extends Grant {
  readonly inForce: boolean;
}

export interface GrantClock {
  /** Epoch seconds. */
  readonly now: number;
  readonly bootId: string;
  /** Seconds since that boot. */
  readonly uptime: number;
  /** When the newest sync on record began, epoch seconds; 0: there is none. */
  readonly lastSync: number;
}

/** How far clocks are corrected in the ordinary course, in seconds. */
const SLACK = 5;

/** For so long a grant that ended is remembered, so that no limit of the guard holds what it gave, in seconds. */
export const GRANT_MEMORY = 86_400;

/**
 * A clock that is ahead ends it early; one that was set back since the grant or since the newest sync ends it at once, and
 * within one boot it never lasts longer than it was given for, whatever the clock says.
 */
export function judgeGrant(grant: Grant, { now, bootId, uptime, lastSync }: GrantClock): JudgedGrant {
  const { at, until, endedAt } = grant;
  const isWithin = now < until && now >= at - SLACK && now >= lastSync - SLACK;
  const isWithinBoot = bootId !== grant.bootId || uptime - grant.uptime < until - at;
  return { ...grant, inForce: endedAt === null && isWithin && isWithinBoot };
}

/** The groups with those as members who were let in for a while; an absent group gets none. */
export function applyGrants(
  groups: readonly StoredGroup[],
  grants: readonly JudgedGrant[],
): readonly StoredGroup[] {
  const valid = grants.filter(({ inForce }) => inForce);
  return groups.map((group) => {
    const { members, id } = group.record;
    const added = valid.filter(({ groupId }) => groupId === id);
    if (group.absent || added.length === 0) return group;
    const all = [...new Set([...members, ...added.map(({ scimId }) => scimId)])].sort();
    return { ...group, record: { ...group.record, members: all } };
  });
}

/** When what a person has by grants alone ends, epoch seconds; null: never, because the store gives it too. */
interface GrantEnds {
  readonly login: ReadonlyMap<string, number>;
  readonly sudo: ReadonlyMap<string, number>;
}

/**
 * By SCIM id, of those who have login or sudo by grants alone.
 * @param groups as the store has them, without grants.
 */
function findGrantEnds(
  config: Pick<Config, 'access'>,
  groups: readonly StoredGroup[],
  grants: readonly JudgedGrant[],
): GrantEnds {
  const [login, sudo] = [new Map<string, number>(), new Map<string, number>()];
  const valid = grants.filter(({ inForce }) => inForce);
  const { accessGroups, sudoGroups } = resolveAccess(config.access, groups);
  for (const { scimId, groupId, until } of valid) {
    for (const [ends, meant] of [
      [login, accessGroups],
      [sudo, sudoGroups],
    ] as const) {
      if (!meant.some(({ id }) => id === groupId)) continue;
      if (meant.some(({ members }) => members.includes(scimId))) continue;
      ends.set(scimId, Math.max(ends.get(scimId) ?? 0, until));
    }
  }
  return { login, sudo };
}

/** People whose grant ended lately: what it gave goes at once. By `person group`, both SCIM ids. */
function listEnded(grants: readonly JudgedGrant[]): ReadonlySet<string> {
  return new Set(grants.flatMap((one) => (one.inForce ? [] : [nameEnded(one.scimId, one.groupId)])));
}

/** What a policy needs to know of grants. @param groups as the store has them. */
export function resolveGrants(
  config: Pick<Config, 'access'>,
  groups: readonly StoredGroup[],
  grants: readonly JudgedGrant[],
) {
  return {
    groups: applyGrants(groups, grants),
    ends: findGrantEnds(config, groups, grants),
    ended: listEnded(grants),
  };
}

export function nameEnded(scimId: string, groupId: string): string {
  return `${scimId}\n${groupId}`;
}

/** The ends by account name. */
export function nameEnds(
  ends: ReadonlyMap<string, number>,
  accounts: readonly DesiredAccount[],
): ReadonlyMap<string, number> {
  return new Map(
    accounts.flatMap(({ scimId, entry }) => {
      const until = ends.get(scimId);
      return until === undefined ? [] : [[entry.name, until] as const];
    }),
  );
}
