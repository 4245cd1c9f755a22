// What a user or a group must be like to be taken, beyond being well-formed.
import { getAttribute, getValues } from '../attributes.ts';
import type { Collection } from './collection.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';
import { refuseTakenName } from '../../policy-groups.ts';
import { ENTERPRISE_SCHEMA } from '../discovery/schemas.ts';
import { ScimError } from '../scim-error.ts';

/** A user needs a userName that no other has, whatever its case (RFC 7643 section 4.1.1). */
export function checkUser(resource: JsonObject, id: string, users: Collection): void {
  const userName = requireText(resource, 'userName');
  const holder = users.find('username', userName)?.find((entry) => entry.id !== id);
  if (holder !== undefined) {
    throw new ScimError(409, 'uniqueness', `the userName ${userName} belongs to the user ${holder.id}`);
  }
}

/** Rules that the organisation's switches turn on and off. */
export interface GroupRules {
  /** Whether a pushed group may not have this name. */
  isNameTaken(name: string): boolean;
  /** Whether a member with a department stops the group. */
  isDepartmentMapped(): boolean;
}

/** A group needs a displayName, and members that are users of this organisation. */
export function checkGroup(
  resource: JsonObject,
  users: Collection,
  groups: Collection,
  rules: GroupRules | null,
): void {
  const name = requireText(resource, 'displayName');
  if (rules?.isNameTaken(name) === true) throw refuseTakenName(name);
  const members = resource['members'] ?? [];
  if (!Array.isArray(members)) throw new ScimError(400, 'invalidValue', 'members is not a list');
  if (members.length === 0) return;
  const kept = new Map<string, Json>();
  for (const member of members) {
    const id = readMember(member);
    if (groups.get(id) !== null || isGroupType(member)) throw nestedGroup(id, groups);
    const user = users.get(id);
    if (user === null) {
      throw new ScimError(400, 'invalidValue', `the member ${id} is no user of this organisation`);
    }
    if (rules?.isDepartmentMapped() === true) refuseDepartment(name, user.resource);
    kept.set(id, { value: id, type: 'User' });
  }
  resource['members'] = [...kept.values()];
}

function refuseDepartment(group: string, user: JsonObject): void {
  const [department] = getValues(user, [ENTERPRISE_SCHEMA, 'department']);
  const [userName] = getValues(user, ['userName']);
  if (department === undefined || department === '') return;
  throw new ScimError(
    400,
    'invalidValue',
    `the group ${group} is not synchronised, because its member ${JSON.stringify(userName)} has a department. ` +
      'Delete the attribute mapping of department in the provisioning of users, clear it here, and push again.',
  );
}

function nestedGroup(id: string, groups: Collection): ScimError {
  const name = getAttribute(groups.get(id)?.resource ?? {}, 'displayName');
  const who = typeof name === 'string' ? `${id} (${name})` : id;
  return new ScimError(
    400,
    'invalidValue',
    `the member ${who} is a group; nested groups are not supported. ` +
      'Assign the leaf groups to the application themselves, or leave out groups of groups with a scoping ' +
      'filter, or make one dynamic group of all these people.',
  );
}

function readMember(member: Json): string {
  const id = isObject(member) ? getAttribute(member, 'value') : member;
  if (typeof id === 'string' && id !== '') return id;
  throw new ScimError(400, 'invalidValue', `a member has no value: ${JSON.stringify(member).slice(0, 100)}`);
}

function isGroupType(member: Json): boolean {
  const type = isObject(member) ? getAttribute(member, 'type') : null;
  return typeof type === 'string' && type.toLowerCase() === 'group';
}

function requireText(resource: JsonObject, name: string): string {
  const value = resource[name];
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new ScimError(400, 'invalidValue', `${name} is required and must be text that is not empty`);
}
