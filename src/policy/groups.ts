// Which of the store's groups become Unix groups, under which name and gid.
import type { Config } from '../config/config.ts';
import type { GroupRecord } from '../protocol/records.ts';
import { reportNested, type ResolvedAccess } from './access.ts';
import type { Binding, Leftover, StoredGroup, NodeFacts, Refusal } from './model.ts';
import { chooseId } from './identity/ids.ts';
import { isReservedId, isReservedName } from './identity/reserved.ts';
import { isSafeName, readGroupName } from './identity/username.ts';
import { compareClaims } from './identity/precedence.ts';

/** A group that the node shall have; members come later. */
export interface ChosenGroup {
  readonly record: GroupRecord;
  readonly name: string;
  readonly gid: number;
  readonly sudo: boolean;
}

export interface GroupChoice {
  readonly chosen: readonly ChosenGroup[];
  /** New, closed and reopened bindings. */
  readonly bindings: readonly Binding[];
  readonly leftovers: readonly Leftover[];
  readonly refusals: readonly Refusal[];
}

export interface GroupQuestion {
  readonly groups: readonly StoredGroup[];
  readonly access: ResolvedAccess;
  /** Every binding of a group, and the primary gids of all bound accounts. */
  readonly bindings: ReadonlyMap<string, Binding>;
  readonly primaryGids: ReadonlySet<number>;
  readonly facts: NodeFacts;
  readonly config: Config;
  /** Epoch seconds. */
  readonly now: number;
}

/**
 * The groups of `access` and those whose name at the store matches `accounts.groups`. What the ledger binds keeps
 * name and gid. Of new ones that come out with the same name all are refused, unless exactly one of them is named
 * in `access`; of new ones with the same gid the earliest created wins.
 */
export function chooseGroups(question: GroupQuestion): GroupChoice {
  const { access, bindings, config, now } = question;
  const refusals: Refusal[] = [];
  const refuse = (record: GroupRecord, code: string, detail: string): null => {
    refusals.push({ scimId: record.id, kind: 'Group', code, detail });
    return null;
  };
  const wanted = findWanted(question);
  const taken = findTaken(question);
  const chosen: ChosenGroup[] = [];
  const newcomers: { record: GroupRecord; name: string }[] = [];
  for (const record of wanted.keys()) {
    const binding = bindings.get(record.id);
    const reading = readGroupName(record.name);
    if (binding === undefined) {
      if (!reading.ok) refuse(record, reading.code, reading.detail);
      else newcomers.push({ record, name: reading.name });
      continue;
    }
    const fault = findBoundFault(binding, taken);
    if (fault !== null) {
      refuse(record, fault.code, fault.detail);
      continue;
    }
    // Whoever may rename groups at the store must not make one a sudo group by giving it that name.
    const isPinned = config.access.sudo_groups.some(({ id }) => id === record.id);
    const mayHaveSudo = isPinned || (reading.ok && reading.name === binding.name);
    const sudo = wanted.get(record) === 'sudo';
    chosen.push({ record, name: binding.name, gid: binding.id, sudo: sudo && mayHaveSudo });
    if (sudo && !mayHaveSudo) {
      const detail = `was called otherwise before, so it gives no sudo: pin its id in access.sudo_groups if it is meant`;
      refuse(record, 'group-rename-no-sudo', detail);
    } else if (!reading.ok || reading.name !== binding.name) {
      refuse(
        record,
        'group-rename-kept',
        `is called otherwise at the store now; the node keeps ${binding.name}`,
      );
    }
  }
  const reported = new Set([...access.accessGroups, ...access.sudoGroups]);
  for (const record of wanted.keys()) {
    if (record.nested.length > 0 && !reported.has(record)) refusals.push(reportNested(record));
  }
  const settled = settleNames(newcomers, wanted, refuse);
  chosen.push(...settleIds(settled, { ...question, wanted, taken, refuse }));
  const kept = new Set(chosen.map(({ record }) => record.id));
  return {
    chosen,
    bindings: [...bindNew(chosen, bindings, now), ...closeOld(question, kept)],
    leftovers: findLeftovers(question, kept, new Set([...wanted.keys()].map((record) => record.id))),
    refusals,
  };
}

/** Why a group is wanted; `pattern` alone is the weakest reason. */
type Wanted = ReadonlyMap<GroupRecord, 'sudo' | 'access' | 'pattern'>;
type Refuse = (record: GroupRecord, code: string, detail: string) => null;

/** The groups that are to be on the node, and why. */
export function findWanted({
  groups,
  access,
  config,
}: Pick<GroupQuestion, 'groups' | 'access' | 'config'>): Wanted {
  const wanted = new Map<GroupRecord, 'sudo' | 'access' | 'pattern'>();
  const patterns = config.accounts.groups.map(compileGlob);
  for (const { record, absent } of groups) {
    if (!absent && patterns.some((pattern) => pattern.test(record.name))) wanted.set(record, 'pattern');
  }
  for (const record of access.accessGroups) wanted.set(record, 'access');
  for (const record of access.sudoGroups) wanted.set(record, 'sudo');
  return wanted;
}

/** `*` any run of characters, `?` one; case counts. */
export function compileGlob(pattern: string): RegExp {
  const source = pattern
    .replace(/[\\^$.+()[\]{}|/]/g, '\\$&')
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${source}$`, 'u');
}

interface Taken {
  readonly privilegedGids: ReadonlySet<number>;
  readonly foreignNames: ReadonlySet<string>;
  readonly foreignGids: ReadonlySet<number>;
  readonly publishedGids: ReadonlyMap<string, number>;
  readonly publishedNames: ReadonlyMap<number, string>;
  readonly boundNames: ReadonlySet<string>;
  readonly boundGids: ReadonlySet<number>;
  readonly powerful: ReadonlySet<string>;
  readonly marker: { readonly name: string; readonly gid: number };
}

function findTaken({ bindings, facts, config }: GroupQuestion): Taken {
  const bound = [...bindings.values()];
  return {
    privilegedGids: new Set(facts.privilegedGids),
    foreignNames: new Set(facts.foreignGroups.map(({ name }) => name)),
    foreignGids: new Set(facts.foreignGroups.map(({ gid }) => gid)),
    publishedGids: new Map(facts.published?.groups.map(({ name, gid }) => [name, gid])),
    publishedNames: new Map(facts.published?.groups.map(({ name, gid }) => [gid, name])),
    boundNames: new Set(bound.map(({ name }) => name)),
    boundGids: new Set(bound.map(({ id }) => id)),
    powerful: new Set(facts.privilegedGroups),
    marker: { name: config.accounts.primary_group, gid: config.accounts.primary_gid },
  };
}

function findBoundFault({ name, id }: Binding, taken: Taken): { code: string; detail: string } | null {
  if (!isSafeName(name) || isReservedId(id)) {
    return {
      code: 'group-unsafe',
      detail: `the ledger binds it to a name or gid (${id}) that is never granted`,
    };
  }
  if (taken.foreignNames.has(name) || taken.foreignGids.has(id)) {
    return {
      code: 'group-local',
      detail: `a local group has its name ${name} or its gid ${id}; local ones win`,
    };
  }
  if (name === taken.marker.name || id === taken.marker.gid) {
    return { code: 'group-marker', detail: `the marker group (accounts.primary_group) has its name or gid` };
  }
  return null;
}

function settleNames(
  newcomers: readonly { record: GroupRecord; name: string }[],
  wanted: Wanted,
  refuse: Refuse,
): { record: GroupRecord; name: string }[] {
  const byName = Map.groupBy(newcomers, ({ name }) => name);
  return [...byName.values()].flatMap((rivals) => {
    const [only] = rivals;
    if (rivals.length === 1 && only !== undefined) return [only];
    const named = rivals.filter(({ record }) => wanted.get(record) !== 'pattern');
    const winner = named.length === 1 ? named[0] : undefined;
    for (const { record, name } of rivals) {
      if (record !== winner?.record) {
        refuse(record, 'group-name-clash', `several groups come out as ${name}: rename one at the store`);
      }
    }
    return winner === undefined ? [] : [winner];
  });
}

function settleIds(
  newcomers: readonly { record: GroupRecord; name: string }[],
  rules: GroupQuestion & { wanted: Wanted; taken: Taken; refuse: Refuse },
): ChosenGroup[] {
  const { taken, config, wanted, refuse, access, primaryGids } = rules;
  const references = [...config.access.groups, ...config.access.sudo_groups];
  const chosen: ChosenGroup[] = [];
  const gids = new Map<number, string>();
  const isSudo = new Set(access.sudoGroups);
  const inOrder = [...newcomers].sort((a, b) =>
    compareClaims(
      { scimId: a.record.id, created: a.record.created },
      { scimId: b.record.id, created: b.record.created },
    ),
  );
  for (const { record, name } of inOrder) {
    // The operator who pinned a group and mentions it in sshd_config means this very group, by this very name.
    const isMeant = references.some(
      (reference) => reference.id === record.id && reference.name === record.name,
    );
    const isPowerful = taken.powerful.has(name) && !isMeant;
    if (isReservedName(name) || isPowerful || name === taken.marker.name) {
      refuse(record, 'group-reserved', `the name ${name} means power on this node; it is never granted`);
      continue;
    }
    if (taken.foreignNames.has(name)) {
      refuse(record, 'group-local', `a local group is called ${name}; local ones win`);
      continue;
    }
    if (taken.boundNames.has(name)) {
      refuse(record, 'group-name-bound', `the name ${name} belongs to another SCIM group for good`);
      continue;
    }
    const id = chooseId('gid', record.id, record.gid, config.accounts);
    if (!id.ok) {
      refuse(record, id.code, id.detail);
      continue;
    }
    const gid = id.id;
    const publishedGid = taken.publishedGids.get(name) ?? gid;
    const publishedName = taken.publishedNames.get(gid) ?? name;
    if (publishedGid !== gid || publishedName !== name) {
      const detail = `this node resolves ${publishedName} with the gid ${publishedGid}: a gid is never changed`;
      refuse(record, 'group-published-differs', detail);
    } else if (taken.privilegedGids.has(gid) && !isMeant) {
      refuse(record, 'gid-powerful', `the gid ${gid} stands in this node's sudoers: it is never granted`);
    } else if (gid === taken.marker.gid || taken.foreignGids.has(gid) || taken.boundGids.has(gid)) {
      refuse(record, 'gid-taken', `the gid ${gid} belongs to another group`);
    } else if (isSudo.has(record) && primaryGids.has(gid)) {
      refuse(record, 'gid-primary', `the gid ${gid} is somebody's primary group already; sudo goes by gid`);
    } else if (gids.has(gid)) {
      refuse(record, 'gid-clash', `the gid ${gid} goes to the group ${gids.get(gid) ?? ''}, created earlier`);
    } else {
      gids.set(gid, record.id);
      chosen.push({ record, name, gid, sudo: wanted.get(record) === 'sudo' });
    }
  }
  return chosen;
}

function bindNew(
  chosen: readonly ChosenGroup[],
  bindings: ReadonlyMap<string, Binding>,
  now: number,
): Binding[] {
  return chosen.flatMap(({ record, name, gid }) => {
    const binding = bindings.get(record.id);
    if (binding !== undefined) return binding.disabledAt === null ? [] : [{ ...binding, disabledAt: null }];
    const fresh = { scimId: record.id, kind: 'group', name, id: gid, gid: null, home: null } as const;
    return [{ ...fresh, boundAt: now, disabledAt: null }];
  });
}

/** Groups that the store was heard about and that are not to be on the node. */
function closeOld({ groups, bindings, now }: GroupQuestion, kept: ReadonlySet<string>): Binding[] {
  return groups.flatMap(({ record }) => {
    const binding = bindings.get(record.id);
    if (binding === undefined || kept.has(record.id) || binding.disabledAt !== null) return [];
    return [{ ...binding, disabledAt: now }];
  });
}

function findLeftovers(
  { groups, bindings }: GroupQuestion,
  kept: ReadonlySet<string>,
  wanted: ReadonlySet<string>,
): Leftover[] {
  const heard = new Set(groups.map(({ record }) => record.id));
  return [...bindings.values()].flatMap(({ scimId, name }) => {
    if (kept.has(scimId)) return [];
    const isSilent = !heard.has(scimId);
    const fate = isSilent ? 'leave' : wanted.has(scimId) ? 'shut' : 'remove';
    return [{ scimId, kind: 'group', name, fate } as const];
  });
}
