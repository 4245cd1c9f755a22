// What an administrator does to the directory: people, groups, assignment and mappings; one function a verb.
import { randomUUID } from 'node:crypto';
import type { Directory, DirectoryGroup, Person } from './directory.ts';
import { deleteForGood } from './entra/recycle-bin.ts';
import { renameReferences } from './renames.ts';

/** A command that makes no sense as it was written. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

const SETTABLE = [
  'userPrincipalName',
  'displayName',
  'givenName',
  'surname',
  'mail',
  'jobTitle',
  'department',
  'manager',
] as const;

/** `user VERB UPN ...` */
export function changeUser(directory: Directory, [verb, name = '', ...rest]: readonly string[]): void {
  if (verb === 'add') {
    if (directory.users.some((one) => one.userPrincipalName === name))
      throw new UsageError(`there is ${name} already`);
    const person = makePerson(name);
    setAttributes(person, rest);
    directory.users.push(person);
    return;
  }
  const person = findPerson(directory, name);
  if (verb === 'set') setOfUser(directory, person, rest);
  else if (verb === 'disable' || verb === 'enable') person.accountEnabled = verb === 'enable';
  else if (verb === 'delete') Object.assign(person, { deleted: true, deleted_at: new Date().toISOString() });
  else if (verb === 'restore') restore(person);
  else if (verb === 'purge') purge(directory, person);
  else throw new UsageError('user add, set, disable, enable, delete, restore or purge');
}

function makePerson(userPrincipalName: string): Person {
  if (!/^[^@\s]+@[^@\s]+$/.test(userPrincipalName))
    throw new UsageError('a user is called like alice@example.com');
  const [givenName = ''] = userPrincipalName.split('@');
  return {
    object_id: randomUUID(),
    userPrincipalName,
    displayName: givenName,
    givenName,
    surname: '',
    mail: userPrincipalName,
    jobTitle: '',
    department: '',
    manager: '',
    sunkSshKeys: '',
    accountEnabled: true,
    deleted: false,
    deleted_at: null,
  };
}

function setAttributes(person: Person, assignments: readonly string[]): void {
  for (const assignment of assignments) {
    const at = assignment.indexOf('=');
    const name = SETTABLE.find((one) => one === assignment.slice(0, at));
    if (name === undefined) throw new UsageError(`${assignment} is not one of ${SETTABLE.join('=, ')}=`);
    person[name] = assignment.slice(at + 1);
  }
}

/** A new userPrincipalName goes to every place that had the old one. */
function setOfUser(directory: Directory, person: Person, assignments: readonly string[]): void {
  const before = person.userPrincipalName;
  const changed = { ...person };
  setAttributes(changed, assignments);
  const { userPrincipalName: name } = changed;
  const isTaken = directory.users.some((one) => one !== person && one.userPrincipalName === name);
  if (isTaken) throw new UsageError(`there is ${name} already`);
  if (name !== before) renameReferences(directory, before, name);
  setAttributes(person, assignments);
}

/** Out of the recycle bin, with everything as it was. */
function restore(person: Person): void {
  if (!person.deleted) throw new UsageError(`${person.userPrincipalName} is not in the recycle bin`);
  Object.assign(person, { deleted: false, deleted_at: null });
}

/** *Delete permanently*, without waiting for the 30 days. */
function purge(directory: Directory, person: Person): void {
  if (!person.deleted)
    throw new UsageError(`${person.userPrincipalName} is not in the recycle bin: delete first`);
  deleteForGood(directory, person);
}

function findPerson(directory: Directory, name: string): Person {
  const person = directory.users.find((one) => one.userPrincipalName === name);
  if (person === undefined) throw new UsageError(`there is no user ${name}`);
  return person;
}

/** `group VERB NAME ...` */
export function changeGroup(directory: Directory, [verb, name = '', ...rest]: readonly string[]): void {
  if (verb === 'add') {
    if (name === '' || directory.groups.some((one) => one.displayName === name)) {
      throw new UsageError(`there is a group ${name} already`);
    }
    directory.groups.push({ object_id: randomUUID(), displayName: name, members: rest, dynamic: null });
    return;
  }
  const group = findGroup(directory, name);
  if (verb === 'add-member') group.members = [...new Set([...group.members, ...rest])];
  else if (verb === 'remove-member') group.members = group.members.filter((member) => !rest.includes(member));
  else if (verb === 'rename') renameGroup(directory, group, rest);
  else if (verb === 'dynamic') group.dynamic = readCondition(rest);
  else if (verb === 'remove') directory.groups = directory.groups.filter((one) => one !== group);
  else throw new UsageError('group add, add-member, remove-member, rename, dynamic or remove');
}

function renameGroup(directory: Directory, group: DirectoryGroup, [name]: readonly string[]): void {
  if (name === undefined) throw new UsageError('group rename OLD NEW');
  renameReferences(directory, group.displayName, name);
  group.displayName = name;
}

function findGroup(directory: Directory, name: string): DirectoryGroup {
  const group = directory.groups.find((one) => one.displayName === name);
  if (group === undefined) throw new UsageError(`there is no group ${name}`);
  return group;
}

/** `department=R&D`, or nothing to end it. */
export function readCondition([text]: readonly string[]): { attribute: string; equals: string } | null {
  if (text === undefined) return null;
  const at = text.indexOf('=');
  const attribute = SETTABLE.find((one) => one === text.slice(0, at));
  if (attribute === undefined) throw new UsageError(`${text} is not one of ${SETTABLE.join('=, ')}=`);
  return { attribute, equals: text.slice(at + 1) };
}

/** The scoping filter of the group mapping: `displayName=NAME` or `displayName!=NAME`; none: every assigned group. */
export function setGroupScope({ application }: Directory, clauses: readonly string[]): void {
  application.group_scoping_filter = clauses.map((text) => {
    const [, not, value = ''] = /^displayName(!?)=(.+)$/.exec(text) ?? [];
    if (not === undefined) throw new UsageError(`${text} is not like displayName!=parent-group`);
    return { attribute: 'displayName', operator: not === '!' ? 'NOT EQUALS' : 'EQUALS', value };
  });
}

/** *Users and groups*: assign or unassign by name. */
export function changeAssignment(directory: Directory, isAssigned: boolean, names: readonly string[]): void {
  const { application, users, groups } = directory;
  for (const name of names) {
    const isKnown =
      users.some((one) => one.userPrincipalName === name) || groups.some((one) => one.displayName === name);
    if (isAssigned && !isKnown) throw new UsageError(`there is no user or group ${name}`);
  }
  const kept = application.assigned.filter((name) => !names.includes(name));
  application.assigned = isAssigned ? [...kept, ...names] : kept;
}
