// *Provision on demand*: one user or group now, with a report of each step; Entra's own page has the same steps.
import { UsageError } from '../directory-verbs.ts';
import type { Directory, DirectoryGroup, Person } from '../directory.ts';
import { bringGroup, findGroup } from './push-groups.ts';
import { bringPerson, disablePerson, findPerson } from './push-users.ts';
import { openRun, type Run } from './run.ts';
import {
  fulfils,
  listAssignedGroups,
  listAssignedPeople,
  listNested,
  listPeople,
  listPushedGroups,
} from './scope.ts';
import { findManagerId, isActive, mapPerson } from './shapes.ts';
import { ProvisioningError, readId, type LogLine } from '../idp-client.ts';

/** One step of the report; after a failure there is no other. */
export interface Step {
  readonly title: string;
  readonly outcome: 'success' | 'skipped' | 'failure';
  readonly detail: string;
}

const TITLES = {
  user: ['Import user', 'Determine if user is in scope', 'Match user between source and target system'],
  group: ['Import group', 'Determine if group is in scope', 'Match group between source and target system'],
} as const;
const ACTION = 'Perform action';

/** A user (by userPrincipalName) or a group (by displayName): what is particular to it; the steps are the same. */
export interface Subject {
  readonly kind: keyof typeof TITLES;
  readonly imported: string;
  readonly isInScope: boolean;
  readonly scope: string;
  readonly match: (run: Run) => Promise<{ detail: string; act: () => Promise<string | null> }>;
}

/**
 * Provisions one user or group, whatever the Provisioning Status is.
 * @returns the steps that were taken; the last one may be a failure.
 */
export async function provisionOnDemand(directory: Directory, subject: Subject): Promise<readonly Step[]> {
  const [imported, scoped, matched] = TITLES[subject.kind];
  const steps: Step[] = [
    { title: imported, outcome: 'success', detail: subject.imported },
    { title: scoped, outcome: subject.isInScope ? 'success' : 'skipped', detail: subject.scope },
  ];
  let title: string = matched;
  try {
    const { detail, act } = await subject.match({ ...openRun(directory), isInitial: false });
    steps.push({ title, outcome: 'success', detail });
    title = ACTION;
    const action = await act();
    steps.push({
      title,
      outcome: action === null ? 'skipped' : 'success',
      detail: action ?? 'nothing to do',
    });
  } catch (error) {
    const status = error instanceof ProvisioningError ? ` (${error.status})` : '';
    const why = error instanceof Error ? error.message : String(error);
    steps.push({ title, outcome: 'failure', detail: `${why}${status}` });
  }
  return steps;
}

/** The line of *Provisioning logs*: how the last step went. */
export function summarise(object: string, steps: readonly Step[]): LogLine {
  const { outcome = 'skipped', detail = '' } = steps.at(-1) ?? {};
  return { object, action: 'on demand', outcome, status: null, detail, isMemberFailure: false };
}

/** @throws UsageError if the directory has nothing of that name. */
export function findSubject(directory: Directory, name: string): Subject {
  const person = directory.users.find((one) => one.userPrincipalName === name);
  if (person !== undefined) return describePerson(directory, person);
  const group = directory.groups.find((one) => one.displayName === name);
  if (group !== undefined) return describeGroup(directory, group);
  throw new UsageError(`there is no user or group ${name}`);
}

function describePerson(directory: Directory, person: Person): Subject {
  const isInScope = listAssignedPeople(directory).includes(person);
  const mapped = [
    ...mapPerson(person, directory.application.mappings, findManagerId(directory, person)).keys(),
  ];
  const state = person.deleted ? 'in the recycle bin' : person.accountEnabled ? 'enabled' : 'disabled';
  return {
    kind: 'user',
    imported: `${person.userPrincipalName}, ${state}; ${mapped.length} attributes have a value`,
    isInScope,
    scope: explainScope(directory, person),
    async match(run) {
      const isKnown = directory.provisioned.users[person.object_id] !== undefined;
      if (!isInScope && !isKnown) return { detail: 'not looked for', act: async () => null };
      const target = await findPerson(run, person);
      const by = isKnown ? '' : `userName eq "${person.userPrincipalName}": `;
      return {
        detail: by + (target === null ? 'not found' : `id ${readId(target)}`),
        act: () => (isInScope ? bringPerson(run, person, target) : disablePerson(run, person)),
      };
    },
  };
}

/** Why a user is in scope, or what keeps the user out. */
function explainScope(directory: Directory, person: Person): string {
  const { assigned, scoping_filter: filter } = directory.application;
  const through = [
    ...(assigned.includes(person.userPrincipalName) ? ['assigned'] : []),
    ...listAssignedGroups(directory)
      .filter((group) => listPeople(directory, group).includes(person))
      .map((group) => `in the group ${group.displayName}`),
  ];
  if (through.length === 0) return 'not assigned, and in no assigned group';
  if (filter !== null && !fulfils(person, filter)) {
    return `${through.join(', ')}, but the scoping filter wants ${filter.attribute}=${filter.equals}`;
  }
  return `${through.join(', ')}${isActive(person) ? '' : '; not active'}`;
}

function describeGroup(directory: Directory, group: DirectoryGroup): Subject {
  const isInScope = listPushedGroups(directory).includes(group);
  const people = listPeople(directory, group);
  const ready = people.filter((person) => directory.provisioned.users[person.object_id] !== undefined);
  const nested = listNested(directory, group).map((one) => one.displayName);
  return {
    kind: 'group',
    imported:
      `${group.displayName}; members: ${people.length}, of them provisioned: ${ready.length}` +
      (nested.length === 0 ? '' : `; nested: ${nested.join(', ')}`),
    isInScope,
    scope: explainGroupScope(directory, group, isInScope),
    async match(run) {
      if (!isInScope) return { detail: 'not looked for', act: async () => null };
      const target = await findGroup(run, group);
      return {
        detail: target === null ? `displayName eq "${group.displayName}": not found` : `id ${readId(target)}`,
        act: () => bringGroup(run, group, target),
      };
    },
  };
}

function explainGroupScope(directory: Directory, group: DirectoryGroup, isInScope: boolean): string {
  if (isInScope) return 'assigned';
  if (!listAssignedGroups(directory).includes(group)) return 'not assigned';
  return 'assigned, but the scoping filter of the group mapping leaves it out';
}
