// Who must be in scope, told apart from the emulators' own code: the oracle of their properties.
import type { Directory, DirectoryGroup, Person } from '../../../src/testbed/identity-provider/directory.ts';

/** The people of a group; the conditions of the generated directories ask for the department alone. */
export function expectMembers({ users }: Directory, { dynamic, members }: DirectoryGroup): Person[] {
  const names = new Set(members);
  return users.filter((one) =>
    dynamic ? one.department === dynamic.equals : names.has(one.userPrincipalName),
  );
}

export function expectGroups({ application, groups }: Directory): DirectoryGroup[] {
  const assigned = new Set(application.assigned);
  return groups.filter((one) => assigned.has(one.displayName));
}

export function expectInScope(directory: Directory): Person[] {
  const { assigned, scoping_filter: filter } = directory.application;
  const through = new Set([
    ...assigned,
    ...expectGroups(directory).flatMap((one) =>
      expectMembers(directory, one).map((person) => person.userPrincipalName),
    ),
  ]);
  return directory.users.filter(
    (one) => through.has(one.userPrincipalName) && (!filter || one.department === filter.equals),
  );
}
