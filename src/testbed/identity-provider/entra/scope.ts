// Who and what Entra provisions: assignment, dynamic groups, scoping filters; all decided from the directory.
import type { Directory, DirectoryGroup, Person } from '../directory.ts';

/** Whether a condition such as `department equals "R&D"` holds. */
export function fulfils(person: Person, condition: { attribute: string; equals: string }): boolean {
  const value = Object.entries(person).find(([name]) => name === condition.attribute)?.[1];
  return value === condition.equals;
}

/** The people directly in a group. Members of a nested group are not: Entra's assignment is one level deep. */
export function listPeople(directory: Directory, group: DirectoryGroup): readonly Person[] {
  const { dynamic } = group;
  if (dynamic !== null) return directory.users.filter((person) => fulfils(person, dynamic));
  const members = new Set(group.members);
  return directory.users.filter((person) => members.has(person.userPrincipalName));
}

/** The groups that are members of a group. */
export function listNested(directory: Directory, group: DirectoryGroup): readonly DirectoryGroup[] {
  if (group.dynamic !== null) return [];
  const members = new Set(group.members);
  return directory.groups.filter((other) => other !== group && members.has(other.displayName));
}

export function listAssignedGroups(directory: Directory): readonly DirectoryGroup[] {
  return directory.groups.filter((group) => directory.application.assigned.includes(group.displayName));
}

/** The assigned groups that the group mapping's scoping filter lets through: those that are pushed themselves. */
export function listPushedGroups(directory: Directory): readonly DirectoryGroup[] {
  const { group_scoping_filter: clauses } = directory.application;
  return listAssignedGroups(directory).filter((group) =>
    clauses.every(({ operator, value }) => (group.displayName === value) === (operator === 'EQUALS')),
  );
}

/** The people in scope: assigned themselves or in an assigned group, and let through by the scoping filter. */
export function listAssignedPeople(directory: Directory): readonly Person[] {
  const { assigned, scoping_filter: filter } = directory.application;
  const inGroups = new Set(listAssignedGroups(directory).flatMap((group) => listPeople(directory, group)));
  return directory.users.filter(
    (person) =>
      (inGroups.has(person) || assigned.includes(person.userPrincipalName)) &&
      (filter === null || fulfils(person, filter)),
  );
}
