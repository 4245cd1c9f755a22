// A user who gets another userPrincipalName stays the same user: memberships, assignments and managers go with the object.
import type { Directory } from './directory.ts';

/** Writes the new name wherever the directory had the old one. */
export function renameReferences(directory: Directory, from: string, to: string): void {
  const rename = (name: string): string => (name === from ? to : name);
  for (const group of directory.groups) group.members = group.members.map(rename);
  directory.application.assigned = directory.application.assigned.map(rename);
  for (const person of directory.users) person.manager = rename(person.manager);
}

/**
 * The file may have been edited by hand: a name that changed since the last cycle, by object id, is followed
 * everywhere, unless another user bears the old name now. Notes the names of this cycle.
 */
export function followRenames(directory: Directory): void {
  const { users, provisioned } = directory;
  const current = new Set(users.map((person) => person.userPrincipalName));
  for (const { object_id: id, userPrincipalName: name } of users) {
    const before = provisioned.names[id];
    if (before !== undefined && before !== name && !current.has(before))
      renameReferences(directory, before, name);
  }
  provisioned.names = Object.fromEntries(users.map((person) => [person.object_id, person.userPrincipalName]));
}
