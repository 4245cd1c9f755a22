// Who may log in: members of the access groups, narrowed by access.users, unless blocked.
import type { Config, GroupReference } from '../config/config.ts';
import type { GroupRecord, UserRecord } from '../protocol/records.ts';
import type { DisabledBecause, StoredGroup, Refusal } from './model.ts';
import { sayCount } from '../common/text/count-noun.ts';
import { compareClaims } from './identity/precedence.ts';

/** The groups that the configuration names, as the store has them. */
export interface ResolvedAccess {
  readonly accessGroups: readonly GroupRecord[];
  readonly sudoGroups: readonly GroupRecord[];
  /** References that meet no group: mistyped, or the group vanished. */
  readonly missing: readonly GroupReference[];
  /** SCIM ids of the members of all access groups. */
  readonly members: ReadonlySet<string>;
  readonly refusals: readonly Refusal[];
}

/**
 * Finds the groups of `access`: by id where it is pinned, else by exact name. Of several with that name the one
 * created earliest counts, and the others are reported: a second group of a name grants nothing.
 */
export function resolveAccess(access: Config['access'], groups: readonly StoredGroup[]): ResolvedAccess {
  const present = groups.filter((group) => !group.absent).map((group) => group.record);
  const missing: GroupReference[] = [];
  const refusals: Refusal[] = [];
  const find = (references: readonly GroupReference[]): GroupRecord[] => {
    const found = new Map<string, GroupRecord>();
    for (const reference of references) {
      const named = present.filter((group) => group.name === reference.name).sort(toClaims);
      const pinned = present.find((group) => group.id === reference.id);
      const meant = reference.id === null ? named[0] : pinned;
      if (meant === undefined) missing.push(reference);
      else found.set(meant.id, meant);
      for (const other of named) {
        if (other !== meant) refusals.push(reportNamesake(other, reference, meant));
      }
    }
    return [...found.values()];
  };
  const accessGroups = find(access.groups);
  const sudoGroups = find(access.sudo_groups);
  for (const group of new Set([...accessGroups, ...sudoGroups])) {
    if (group.nested.length > 0) refusals.push(reportNested(group));
  }
  return {
    accessGroups,
    sudoGroups,
    missing,
    members: new Set(accessGroups.flatMap((group) => group.members)),
    refusals,
  };
}

/** Names of the access groups that list each SCIM id. */
export function listAccessGroups(
  config: Pick<Config, 'access'>,
  groups: readonly StoredGroup[],
): ReadonlyMap<string, readonly string[]> {
  return groupByMember(resolveAccess(config.access, groups).accessGroups);
}

/** Names of the groups that list each SCIM id. */
export function groupByMember(
  groups: readonly { readonly name: string; readonly members: readonly string[] }[],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { name, members } of groups)
    for (const member of new Set(members)) {
      const names = found.get(member);
      if (names === undefined) found.set(member, [name]);
      else names.push(name);
    }
  return found;
}

function toClaims(a: GroupRecord, b: GroupRecord): number {
  return compareClaims({ scimId: a.id, created: a.created }, { scimId: b.id, created: b.created });
}

function reportNamesake(
  group: GroupRecord,
  reference: GroupReference,
  chosen: GroupRecord | undefined,
): Refusal {
  const meant = chosen?.id ?? reference.id;
  return {
    scimId: group.id,
    kind: 'Group',
    code: 'group-namesake',
    detail: `has the name of an access or sudo group, but the one meant is ${meant}: it grants nothing`,
  };
}

/** That a group has groups among its members. */
export function reportNested(group: GroupRecord): Refusal {
  const nested = sayCount(
    group.nested.length,
    'of its members is a group, which is',
    'of its members are groups, which are',
  );
  return {
    scimId: group.id,
    kind: 'Group',
    code: 'group-nested',
    detail: `${nested} not followed: push the people themselves`,
  };
}

/** What operators decided about one person, from `overrides` and the block list. */
export interface PersonalRules {
  readonly block: boolean;
  readonly uid: number | null;
  readonly addKeys: readonly string[];
}

const NO_RULES: PersonalRules = { block: false, uid: null, addKeys: [] };

/** What operators decided, ready to be asked about each person. */
export interface OperatorOverrides {
  /** @param name the account's name as bound, else as it would be; null: none can be made. */
  rulesFor(record: Pick<UserRecord, 'id' | 'userName'>, name: string | null): PersonalRules;
  /** Whether access.users is empty, or lists that person. */
  isListed(userName: string): boolean;
  /** Fingerprints that are blocked. */
  readonly fingerprints: readonly string[];
}

/** What marks an entry of the block list as an id and nothing else: another person may have that text as a name. */
export const ID_MARK = 'id=';

/**
 * @param blocked the `blocked` list: names, userNames, SCIM ids and fingerprints. userNames compare without case
 *   (RFC 7643 section 4.1.1), ids with.
 */
export function readOperatorOverrides(config: Config, blocked: readonly string[]): OperatorOverrides {
  const byId = new Map<string, PersonalRules>();
  const byName = new Map<string, PersonalRules>();
  for (const { id, name, group, block, uid, add_key: key } of config.overrides) {
    if (group !== undefined) continue;
    const [rules, about] = id === undefined ? [byName, (name ?? '').toLowerCase()] : [byId, id];
    rules.set(
      about,
      merge(rules.get(about) ?? NO_RULES, {
        block: block ?? false,
        uid: uid ?? null,
        addKeys: key === undefined ? [] : [key],
      }),
    );
  }
  const fingerprints = blocked.filter((word) => word.startsWith('SHA256:'));
  const ids = new Set<string>();
  const names = new Set<string>();
  for (const word of blocked) {
    const isId = word.startsWith(ID_MARK);
    ids.add(isId ? word.slice(ID_MARK.length) : word);
    if (!isId) names.add(word.toLowerCase());
  }
  const listed = new Set(config.access.users.map((name) => name.toLowerCase()));
  return {
    fingerprints,
    isListed: (userName) => listed.size === 0 || listed.has(userName.toLowerCase()),
    rulesFor({ id, userName }, name) {
      const folded = userName.toLowerCase();
      const account = name?.toLowerCase() ?? folded;
      const named = merge(
        byName.get(folded) ?? NO_RULES,
        account === folded ? NO_RULES : (byName.get(account) ?? NO_RULES),
      );
      const rules = merge(byId.get(id) ?? NO_RULES, named);
      const isBlocked = ids.has(id) || names.has(folded) || (name !== null && names.has(name));
      return isBlocked ? { ...rules, block: true } : rules;
    },
  };
}

function merge(a: PersonalRules, b: PersonalRules): PersonalRules {
  return { block: a.block || b.block, uid: a.uid ?? b.uid, addKeys: [...a.addKeys, ...b.addKeys] };
}

/**
 * Why a person may not log in, or null if they may. A block comes first, because no hold may delay it; then what
 * the store says explicitly, before what follows from an absence.
 */
export function findDisabledBecause(person: {
  readonly block: boolean;
  readonly active: boolean;
  readonly absent: boolean;
  readonly member: boolean;
  readonly listed: boolean;
}): DisabledBecause | null {
  if (person.block) return 'blocked';
  if (!person.active) return 'inactive';
  if (person.absent) return 'absent';
  if (!person.member) return 'no-access-group';
  return person.listed ? null : 'not-listed-here';
}
