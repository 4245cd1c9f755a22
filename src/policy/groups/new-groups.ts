// Names and gids of groups that are not bound yet; every node resolves a clash alike.
import type { Config } from '../../config/config.ts';
import type { GroupRecord } from '../../protocol/records.ts';
import type { ResolvedAccess } from '../access.ts';
import type { Fault } from '../identity/identity.ts';
import { chooseId, type IdReading } from '../identity/ids.ts';
import { compareClaims } from '../identity/precedence.ts';
import { findGidInUse } from '../in-use.ts';
import { isReservedName } from '../identity/reserved.ts';
import type { GroupAllocations } from './group-allocations.ts';
import type { WantedGroups } from './wanted-groups.ts';

/** A group that the node shall have; members come later. */
export interface ChosenGroup {
  readonly record: GroupRecord;
  readonly name: string;
  readonly gid: number;
  readonly sudo: boolean;
}

/** A group with the POSIX name that its name at the store gives. */
export interface NewGroup {
  readonly record: GroupRecord;
  readonly name: string;
}

export type RefuseGroup = (record: GroupRecord, fault: Fault) => void;

export interface NewGroupRules {
  readonly config: Config;
  readonly access: ResolvedAccess;
  readonly wanted: WantedGroups;
  readonly taken: GroupAllocations;
}

/**
 * Grants names and gids. Of groups with the same name all are refused, unless exactly one of them is named in `access`;
 * of groups with the same gid the one created earliest gets it.
 */
export function chooseNewGroups(
  newcomers: readonly NewGroup[],
  rules: NewGroupRules,
  refuse: RefuseGroup,
): ChosenGroup[] {
  const isSudo = new Set(rules.access.sudoGroups);
  const pinned = readPinnedGids(rules.config);
  const gids = new Map<number, string>();
  const chosen: ChosenGroup[] = [];
  for (const group of resolveNames(newcomers, rules.wanted, refuse).sort(comparePrecedence)) {
    const { record, name } = group;
    const nameFault = findNameFault(group, rules);
    if (nameFault !== null) {
      refuse(record, nameFault);
      continue;
    }
    const id = readGid(record, pinned, rules.config);
    const fault = id.ok ? findGidFault(group, id.id, isSudo.has(record), rules) : id;
    if (!id.ok || fault !== null) {
      if (fault !== null) refuse(record, fault);
      continue;
    }
    const owner = gids.get(id.id);
    if (owner !== undefined) {
      const detail = `the gid ${id.id} goes to the group ${owner}, created earlier`;
      refuse(record, { code: 'gid-clash', detail });
      continue;
    }
    gids.set(id.id, record.id);
    chosen.push({ record, name, gid: id.id, sudo: rules.wanted.get(record) === 'sudo' });
  }
  return chosen;
}

/** `overrides[].gid` by SCIM id: an operator's decision, so `accounts.id_range` does not bind it. */
function readPinnedGids({ overrides }: Config): ReadonlyMap<string, number> {
  return new Map(
    overrides.flatMap(({ group, gid }) =>
      group === undefined || gid === undefined ? [] : [[group, gid] as const],
    ),
  );
}

function readGid(record: GroupRecord, pinned: ReadonlyMap<string, number>, { accounts }: Config): IdReading {
  const gid = pinned.get(record.id);
  return gid === undefined ? chooseId('gid', record.id, record.gid, accounts) : { ok: true, id: gid };
}

/** The group created earlier first. */
export function comparePrecedence({ record: a }: NewGroup, { record: b }: NewGroup): number {
  return compareClaims({ scimId: a.id, created: a.created }, { scimId: b.id, created: b.created });
}

function resolveNames(newcomers: readonly NewGroup[], wanted: WantedGroups, refuse: RefuseGroup): NewGroup[] {
  const byName = Map.groupBy(newcomers, ({ name }) => name);
  return [...byName.values()].flatMap((rivals) => {
    const [only] = rivals;
    if (rivals.length === 1 && only !== undefined) return [only];
    const named = rivals.filter(({ record }) => wanted.get(record) !== 'pattern');
    const first = named.length === 1 ? named[0] : undefined;
    for (const { record, name } of rivals) {
      if (record === first?.record) continue;
      const detail = `several groups come out as ${name}: rename one at the store`;
      refuse(record, { code: 'group-name-clash', detail });
    }
    return first === undefined ? [] : [first];
  });
}

/** Whether the operator who pinned a group and gives it power on this node means this very group, by this very name. */
export function isMeant(record: GroupRecord, { access }: Config): boolean {
  return [...access.groups, ...access.sudo_groups].some(
    (reference) => reference.id === record.id && reference.name === record.name,
  );
}

function findNameFault(group: NewGroup, { config, taken }: NewGroupRules): Fault | null {
  const { name } = group;
  const power = isMeant(group.record, config) ? undefined : taken.privilegedNames.get(name);
  if (isReservedName(name) || power !== undefined || name === taken.managedGroup.name) {
    const where = power === undefined ? '' : ` (${power})`;
    return {
      code: 'group-reserved',
      detail: `the name ${name} means power on this node${where}; it is never granted`,
    };
  }
  const location = taken.inUse.groups.get(name);
  const said = location === undefined ? '' : ` (${location})`;
  if (taken.foreignNames.has(name)) {
    return { code: 'group-local', detail: `a local group is called ${name}${said}; local ones win` };
  }
  if (location !== undefined) {
    return {
      code: 'group-in-use',
      detail: `the name ${name} is in use on this node${said}; it is never granted`,
    };
  }
  if (!taken.boundNames.has(name)) return null;
  return {
    code: 'group-name-bound',
    detail: `the name ${name} belongs to another SCIM group, ${taken.boundNames.get(name) ?? ''}`,
  };
}

function findGidFault(
  group: NewGroup,
  gid: number,
  isSudo: boolean,
  { config, taken }: NewGroupRules,
): Fault | null {
  const publishedGid = taken.publishedGids.get(group.name) ?? gid;
  const publishedName = taken.publishedNames.get(gid) ?? group.name;
  if (publishedGid !== gid || publishedName !== group.name) {
    const detail = `this node resolves ${publishedName} with the gid ${publishedGid}: a gid is never changed`;
    return { code: 'group-published-differs', detail };
  }
  const power = taken.privilegedGids.get(gid);
  if (power !== undefined && !isMeant(group.record, config)) {
    const detail = `the gid ${gid} has power on this node (${power}): it is never granted`;
    return { code: 'gid-powerful', detail };
  }
  if (gid === taken.managedGroup.gid || taken.foreignGids.has(gid) || taken.boundGids.has(gid)) {
    const location = taken.inUse.gids.get(gid);
    const said = location === undefined ? '' : ` (${location})`;
    return { code: 'gid-taken', detail: `the gid ${gid} belongs to another group${said}` };
  }
  const location = findGidInUse(gid, taken.inUse);
  if (location !== null) {
    return {
      code: 'gid-in-use',
      detail: `the gid ${gid} is in use on this node (${location}): it is never granted`,
    };
  }
  if (isSudo && taken.primaryGids.has(gid)) {
    const detail = `the gid ${gid} is the primary group of an account already; sudo goes by gid`;
    return { code: 'gid-primary', detail };
  }
  return null;
}
