// Which of the store's groups become Unix groups, under which name and gid.
import type { Config } from '../../config/config.ts';
import type { GroupRecord } from '../../protocol/records.ts';
import { reportNested, type ResolvedAccess } from '../access.ts';
import type { FormerBinding } from '../identity/former.ts';
import { readGroupName } from '../identity/username.ts';
import type { Binding, Leftover, NodeFacts, Refusal, StoredGroup } from '../model.ts';
import type { Grant, ServiceCheck } from '../name-services.ts';
import { collectGroupAllocations, findBoundGroupFault } from './group-allocations.ts';
import {
  type ChosenGroup,
  chooseNewGroups,
  comparePrecedence,
  type NewGroup,
  type RefuseGroup,
} from './new-groups.ts';
import { findWanted, type WantedGroups } from './wanted-groups.ts';

export interface GroupChoice {
  readonly chosen: readonly ChosenGroup[];
  /** New, disabled and enabled bindings. */
  readonly bindings: readonly Binding[];
  readonly leftovers: readonly Leftover[];
  readonly refusals: readonly Refusal[];
  /** What is new for this node, whether it is granted or waits for the name services. */
  readonly grants: readonly Grant[];
}

export interface GroupQuestion {
  readonly groups: readonly StoredGroup[];
  readonly access: ResolvedAccess;
  /** Every binding of a group by SCIM id, and the primary gids of all bound accounts. */
  readonly bindings: ReadonlyMap<string, Binding>;
  readonly primaryGids: ReadonlySet<number>;
  readonly former: readonly FormerBinding[];
  readonly facts: NodeFacts;
  readonly config: Config;
  readonly services: ServiceCheck;
  /** Epoch seconds. */
  readonly now: number;
}

/** The groups of `access` and those that match `accounts.groups`. What the ledger binds keeps name and gid. */
export function chooseGroups(question: GroupQuestion): GroupChoice {
  const { groups, access, bindings, primaryGids, facts, config, now } = question;
  const refusals: Refusal[] = [];
  const refuse: RefuseGroup = ({ id }, { code, detail }) => {
    refusals.push({ scimId: id, kind: 'Group', code, detail });
  };
  const wanted = findWanted(groups, access, config);
  const taken = collectGroupAllocations(bindings.values(), primaryGids, question.former, facts, config);
  const chosen: ChosenGroup[] = [];
  const newcomers: NewGroup[] = [];
  for (const [record, reason] of wanted) {
    const binding = bindings.get(record.id);
    if (binding !== undefined) {
      const fault = findBoundGroupFault(binding, taken);
      if (fault !== null) refuse(record, fault);
      else chosen.push(keepBound(record, binding, reason === 'sudo', config, refuse));
      continue;
    }
    const reading = readGroupName(record.name);
    if (reading.ok) newcomers.push({ record, name: reading.name });
    else refuse(record, reading);
  }
  // Of several with the name of a lost one, the one that `access` names takes its part, else the one created earliest.
  const isNamed = ({ record }: NewGroup): boolean => wanted.get(record) !== 'pattern';
  const successors = newcomers.toSorted(
    (a, b) => Number(isNamed(b)) - Number(isNamed(a)) || comparePrecedence(a, b),
  );
  for (const { record, name } of successors) {
    const former = keepFormer(record, name, wanted.get(record) === 'sudo', question);
    if (former !== null && !chosen.some((one) => one.record.id === former.record.id)) chosen.push(former);
  }
  const reported = new Set([...access.accessGroups, ...access.sudoGroups]);
  for (const record of wanted.keys()) {
    if (record.nested.length > 0 && !reported.has(record)) refusals.push(reportNested(record));
  }
  const grants: Grant[] = [];
  for (const group of chooseNewGroups(newcomers, { config, access, wanted, taken }, refuse)) {
    const grant = { group: group.name, gid: group.gid };
    grants.push(grant);
    const fault = question.services.findFault(grant);
    if (fault === null) chosen.push(group);
    else refuse(group.record, fault);
  }
  const kept = new Set(chosen.map(({ record }) => record.id));
  return {
    chosen,
    bindings: [...bindChosen(chosen, bindings, now), ...disableOthers(question, kept)],
    leftovers: findLeftovers(question, kept, wanted),
    refusals,
    grants,
  };
}

/** A bound group keeps its name, and a new name at the store makes it no sudo group. */
function keepBound(
  record: GroupRecord,
  { name, id: gid }: Binding,
  isSudoGroup: boolean,
  { access }: Config,
  refuse: RefuseGroup,
): ChosenGroup {
  const reading = readGroupName(record.name);
  const isRenamed = !reading.ok || reading.name !== name;
  // A user who may rename groups at the store must not make one a sudo group by giving it that name.
  const isPinned = access.sudo_groups.some(({ id }) => id === record.id);
  const sudo = isSudoGroup && (isPinned || !isRenamed);
  if (isSudoGroup && !sudo) {
    const detail = `had another name before, so it gives no sudo: pin its id in access.sudo_groups if it is meant`;
    refuse(record, { code: 'group-rename-no-sudo', detail });
  } else if (isRenamed) {
    const detail = `has another name at the store now; the node keeps ${name}`;
    refuse(record, { code: 'group-rename-kept', detail });
  }
  return { record, name, gid, sudo };
}

/**
 * A group that the store deleted and created again under another SCIM id: until an operator decides (`sunk-agent rebind`),
 * the one that the ledger binds stays as it is, with those of its members that the new one lists too. So none is added and
 * no access ends meanwhile. null: the name is free, or its group is still there, or was disabled before.
 */
function keepFormer(
  record: GroupRecord,
  name: string,
  sudo: boolean,
  { groups, bindings }: GroupQuestion,
): ChosenGroup | null {
  const binding = [...bindings.values()].find((one) => one.name === name);
  const former = groups.find((group) => group.record.id === binding?.scimId);
  if (binding === undefined || binding.disabledAt !== null || former?.absent !== true) return null;
  const listed = new Set(record.members);
  const members = former.record.members.filter((member) => listed.has(member));
  return { record: { ...former.record, members }, name, gid: binding.id, sudo };
}

function bindChosen(
  chosen: readonly ChosenGroup[],
  bindings: ReadonlyMap<string, Binding>,
  now: number,
): Binding[] {
  return chosen.flatMap(({ record, name, gid }): Binding[] => {
    const binding = bindings.get(record.id);
    if (binding !== undefined) return binding.disabledAt === null ? [] : [{ ...binding, disabledAt: null }];
    const fresh = { scimId: record.id, kind: 'group', name, id: gid, gid: null, home: null } as const;
    return [{ ...fresh, boundAt: now, disabledAt: null }];
  });
}

/** Bindings of groups that the store has and that are not to be on the node. */
function disableOthers({ groups, bindings, now }: GroupQuestion, kept: ReadonlySet<string>): Binding[] {
  return groups.flatMap(({ record }) => {
    const binding = bindings.get(record.id);
    if (binding === undefined || kept.has(record.id) || binding.disabledAt !== null) return [];
    return [{ ...binding, disabledAt: now }];
  });
}

function findLeftovers(
  { groups, bindings }: GroupQuestion,
  kept: ReadonlySet<string>,
  wanted: WantedGroups,
): Leftover[] {
  const known = new Set(groups.map(({ record }) => record.id));
  const refused = new Set([...wanted.keys()].map(({ id }) => id));
  return [...bindings.values()].flatMap(({ scimId, name }): Leftover[] => {
    if (kept.has(scimId)) return [];
    const fate = !known.has(scimId) ? 'leave' : refused.has(scimId) ? 'deny' : 'remove';
    return [{ scimId, kind: 'group', name, fate }];
  });
}
