// The bodies that Entra's provisioning client sends, in its default form and with aadOptscim062020.
import { getValues } from '../../protocol/attributes.ts';
import type { Directory, Person } from '../directory.ts';
import { isObject, type Json, type JsonObject } from '../../protocol/json.ts';
import { compileFilter } from '../../protocol/filter/match.ts';
import { applyPatch } from '../../protocol/patch/patch.ts';
import { parsePath } from '../../protocol/patch/path.ts';
import {
  COREWEAVE_USER_SCHEMA,
  ENTERPRISE_SCHEMA,
  GROUP_SCHEMA,
  USER_SCHEMA,
} from '../../protocol/discovery/schemas.ts';

const PATCH_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const ADSCIM_GROUP = 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group';

const DEPARTMENT_PATH = `${ENTERPRISE_SCHEMA}:department`;

/** What a new enterprise application maps. The guide deletes `department` and adds `sunkSshKeys`. */
export const DEFAULT_MAPPINGS: Readonly<Record<string, string>> = {
  userPrincipalName: 'userName',
  displayName: 'displayName',
  givenName: 'name.givenName',
  surname: 'name.familyName',
  mail: 'emails[type eq "work"].value',
  jobTitle: 'title',
  department: DEPARTMENT_PATH,
  manager: `${ENTERPRISE_SCHEMA}:manager`,
};

export const SSH_KEYS_PATH = `${COREWEAVE_USER_SCHEMA}:sunkSshKeys`;

/** The id, at the service, of the person's manager; null: no manager, or one who was not provisioned. */
export function findManagerId({ users, provisioned }: Directory, { manager }: Person): string | null {
  const found = manager === '' ? undefined : users.find((one) => one.userPrincipalName === manager);
  return found === undefined ? null : (provisioned.users[found.object_id] ?? null);
}

/**
 * Attribute paths and values of a person, as the mappings say. An empty value is not sent: it blanks nothing.
 * @param managerId in place of the manager's name; null: no manager is sent.
 */
export function mapPerson(
  person: Person,
  mappings: Directory['application']['mappings'],
  managerId: string | null,
): Map<string, string> {
  const mapped = new Map<string, string>();
  for (const [attribute, path] of Object.entries(mappings)) {
    // An extension property is kept at the person under its short name.
    const short = attribute.replace(/^extension_[0-9a-f]{32}_/, '');
    const value =
      short === 'manager' ? managerId : Object.entries(person).find(([name]) => name === short)?.[1];
    if (typeof value === 'string' && value !== '') mapped.set(path, value);
  }
  return mapped;
}

/**
 * Paths to clear in what the service served: a department that is mapped no more.
 * The guide's remedy ends with deleting that mapping, so nothing may be left that stops a group; of any other
 * attribute the last value stays, as with Entra.
 */
export function listCleared(
  target: JsonObject,
  mappings: Directory['application']['mappings'],
): readonly string[] {
  const isMapped = Object.values(mappings).includes(DEPARTMENT_PATH);
  return isMapped || readTarget(target, DEPARTMENT_PATH) === null ? [] : [DEPARTMENT_PATH];
}

/** Off when disabled or in the recycle bin. */
export function isActive(person: Person): boolean {
  return person.accountEnabled && !person.deleted;
}

/** `POST /Users`: the CoreWeave extension is in it, but not in `schemas`; some members are empty. */
export function writeNewUser(
  person: Person,
  mapped: ReadonlyMap<string, string>,
  hasNullAddresses: boolean,
): JsonObject {
  const empty: JsonObject = {
    schemas: [USER_SCHEMA, ENTERPRISE_SCHEMA],
    externalId: person.object_id,
    active: isActive(person),
    ...(hasNullAddresses ? { addresses: null } : {}),
    phoneNumbers: [],
    roles: [],
    meta: { resourceType: 'User' },
  };
  const additions = [...mapped].map(([path, value]) => ({ op: 'Add', path, value }));
  return additions.length === 0 ? empty : applyPatch(empty, { Operations: additions }, new Set());
}

/** `POST /Groups`: no members yet, and a schema that is not SCIM's. */
export function writeNewGroup(displayName: string, objectId: string): JsonObject {
  return {
    schemas: [GROUP_SCHEMA, ADSCIM_GROUP],
    externalId: objectId,
    displayName,
    meta: { resourceType: 'Group' },
  };
}

/** The value at a path in a resource that the service served; null if there is none. */
export function readTarget(resource: JsonObject, path: string): Json {
  const { steps, filter, sub } = parsePath(path);
  let values = getValues(resource, steps);
  if (filter !== null)
    values = values.filter((value) => isObject(value) && compileFilter(filter, steps)(value));
  if (sub !== null) values = values.flatMap((value) => getValues(value, [sub]));
  const [value = null] = values;
  // The manager is sent as a bare id, and served with it as its value (RFC 7643 section 4.3).
  return isObject(value) ? (value['value'] ?? null) : value;
}

/**
 * The PATCH that makes a user what the directory says; null if nothing differs.
 * @param mapped null: only `active` matters, as for a user who is out of scope.
 * @param form of the request, and the paths to clear.
 */
export function writeUserPatch(
  target: JsonObject,
  mapped: ReadonlyMap<string, string> | null,
  active: boolean,
  { isCompliant, cleared }: { readonly isCompliant: boolean; readonly cleared: readonly string[] },
): JsonObject | null {
  const changed = [...(mapped ?? [])].filter(([path, value]) => readTarget(target, path) !== value);
  // Exactly the boolean: a service that serves the text back is patched in every cycle.
  const isSwitched = target['active'] !== active;
  const operations = (isCompliant ? writeCompliant : writeDefault)(
    target,
    changed,
    isSwitched ? active : null,
  );
  const op = isCompliant ? 'remove' : 'Remove';
  const all = [...operations, ...cleared.map((path) => ({ op, path }))];
  return all.length === 0 ? null : writePatch(all);
}

/** One operation an attribute, capitalised, `active` as text. */
function writeDefault(
  target: JsonObject,
  changed: readonly [string, string][],
  active: boolean | null,
): readonly Json[] {
  const operations: Json[] = changed.map(([path, value]) => ({
    op: readTarget(target, path) === null ? 'Add' : 'Replace',
    path,
    value,
  }));
  if (active !== null) operations.push({ op: 'Replace', path: 'active', value: active ? 'True' : 'False' });
  return operations;
}

/** One replace without a path, its keys flat; what selects a value keeps an operation of its own. */
function writeCompliant(
  target: JsonObject,
  changed: readonly [string, string][],
  active: boolean | null,
): readonly Json[] {
  const flat: JsonObject = Object.fromEntries(changed.filter(([path]) => !path.includes('[')));
  if (active !== null) flat['active'] = active;
  const selecting = changed
    .filter(([path]) => path.includes('['))
    .map(([path, value]) => ({ op: readTarget(target, path) === null ? 'add' : 'replace', path, value }));
  return [...(Object.keys(flat).length === 0 ? [] : [{ op: 'replace', value: flat }]), ...selecting];
}

/** Members that are added and removed, each sort in the form's own way. */
export function writeMembersPatch(
  added: readonly string[],
  removed: readonly string[],
  isCompliant: boolean,
): JsonObject {
  if (isCompliant) {
    return writePatch([
      ...(added.length === 0
        ? []
        : [{ op: 'add', path: 'members', value: added.map((value) => ({ value })) }]),
      ...removed.map((id) => ({ op: 'remove', path: `members[value eq ${JSON.stringify(id)}]` })),
    ]);
  }
  const refer = (value: string): Json => ({ $ref: null, value });
  return writePatch([
    ...added.map((id) => ({ op: 'Add', path: 'members', value: [refer(id)] })),
    ...removed.map((id) => ({ op: 'Remove', path: 'members', value: [refer(id)] })),
  ]);
}

export function writeRename(displayName: string, isCompliant: boolean): JsonObject {
  return writePatch([
    isCompliant
      ? { op: 'replace', value: { displayName } }
      : { op: 'Replace', path: 'displayName', value: displayName },
  ]);
}

function writePatch(operations: readonly Json[]): JsonObject {
  return { schemas: [PATCH_SCHEMA], Operations: [...operations] };
}
