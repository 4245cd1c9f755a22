// One push of Okta: whole resources by PUT, with what was read before; users are switched off, never deleted.
import { randomBytes } from 'node:crypto';
import type { Directory, DirectoryGroup, Person } from '../directory.ts';
import { listAssignedGroups, listAssignedPeople, listPeople } from '../entra/scope.ts';
import { isActive, mapPerson, readTarget } from '../entra/shapes.ts';
import { followRenames } from '../renames.ts';
import {
  createIdpClient,
  find,
  insist,
  noteOutcome,
  readId,
  removeResource,
  type IdpClient,
  type LogLine,
} from '../idp-client.ts';
import { isObject, isSame, type JsonObject } from '../../protocol/json.ts';
import { applyPatch } from '../../protocol/patch/patch.ts';
import { GROUP_SCHEMA, USER_SCHEMA } from '../../protocol/discovery/schemas.ts';

const USER_AGENT = 'okta-emulator (like Okta SCIM Client 1.0.0)';

/**
 * Pushes all assigned users and every pushed group; users who are assigned no more are deactivated.
 * Notes in the directory which id each object has there.
 */
export async function runOktaCycle(directory: Directory): Promise<readonly LogLine[]> {
  const { tenant_url: url, secret_token: token } = directory.application;
  const client = createIdpClient(url.replace(/\/+$/, ''), token, USER_AGENT);
  const log: LogLine[] = [];
  followRenames(directory);
  const assigned = new Set(listAssignedPeople(directory));
  for (const person of directory.users) {
    const isWanted = assigned.has(person) && isActive(person);
    await noteOutcome(log, person.userPrincipalName, () => pushPerson(client, directory, person, isWanted));
  }
  for (const [objectId, id] of listGone(directory)) {
    await noteOutcome(log, objectId, () => switchOffGone(client, directory, objectId, id));
  }
  for (const group of listAssignedGroups(directory)) {
    await noteOutcome(log, group.displayName, () => pushGroup(client, directory, group));
  }
  const pushed = new Set(listAssignedGroups(directory).map((group) => group.object_id));
  for (const [objectId, { id }] of Object.entries(directory.provisioned.groups)) {
    if (pushed.has(objectId)) continue;
    await noteOutcome(log, objectId, async () => {
      await removeResource(client, `/Groups/${id}`);
      delete directory.provisioned.groups[objectId];
      return 'delete';
    });
  }
  return log;
}

async function pushPerson(
  client: IdpClient,
  directory: Directory,
  person: Person,
  isWanted: boolean,
): Promise<string | null> {
  const { provisioned, application } = directory;
  // An app of the Wizard maps no manager.
  const mapped = mapPerson(person, application.mappings, null);
  const known = provisioned.users[person.object_id];
  const target =
    known === undefined
      ? await find(client, '/Users?startIndex=1&count=100', 'userName', person.userPrincipalName)
      : await insist(client, 'GET', `/Users/${known}`);
  if (target === null) {
    if (!isWanted) return null;
    const created = await insist(client, 'POST', '/Users', writeOktaUser(person, mapped));
    provisioned.users[person.object_id] = readId(created);
    return 'create';
  }
  if (known === undefined && !isWanted) return null;
  provisioned.users[person.object_id] = readId(target);
  const isRight = [...mapped].every(([path, value]) => readTarget(target, path) === value);
  if (target['active'] === isWanted && (isRight || !isWanted)) return null;
  const changes = isWanted ? mapped : new Map<string, string>();
  await insist(client, 'PUT', `/Users/${readId(target)}`, mergeUser(target, changes, isWanted));
  return isWanted ? 'update' : 'deactivate';
}

/** `POST /Users` with a password that is never used. */
function writeOktaUser(person: Person, mapped: ReadonlyMap<string, string>): JsonObject {
  const base: JsonObject = {
    schemas: [USER_SCHEMA],
    externalId: person.object_id,
    locale: 'en-US',
    groups: [],
    password: randomBytes(9).toString('base64url'),
    active: true,
  };
  return mergeUser(base, mapped, true);
}

/** What was read, `id` and `meta` included, with the changes in it. */
function mergeUser(target: JsonObject, changes: ReadonlyMap<string, string>, active: boolean): JsonObject {
  const operations = [...changes].map(([path, value]) => ({ op: 'add', path, value }));
  const merged = operations.length === 0 ? target : applyPatch(target, { Operations: operations }, new Set());
  return { ...merged, active };
}

/** People who are gone from the directory but were pushed. */
function listGone(directory: Directory): readonly (readonly [string, string])[] {
  const left = new Set(directory.users.map((person) => person.object_id));
  return Object.entries(directory.provisioned.users).filter(([objectId]) => !left.has(objectId));
}

async function switchOffGone(
  client: IdpClient,
  directory: Directory,
  objectId: string,
  id: string,
): Promise<string | null> {
  const target = await insist(client, 'GET', `/Users/${id}`);
  const isActiveThere = target['active'] !== false;
  if (isActiveThere) await insist(client, 'PUT', `/Users/${id}`, { ...target, active: false });
  delete directory.provisioned.users[objectId];
  return isActiveThere ? 'deactivate' : null;
}

/** The whole group with all its members, each time something differs. */
async function pushGroup(
  client: IdpClient,
  directory: Directory,
  group: DirectoryGroup,
): Promise<string | null> {
  const { provisioned } = directory;
  const assigned = listAssignedPeople(directory);
  const members = listPeople(directory, group)
    .filter((person) => assigned.includes(person) && isActive(person))
    .flatMap((person) => provisioned.users[person.object_id] ?? [])
    .sort();
  const content = {
    schemas: [GROUP_SCHEMA],
    displayName: group.displayName,
    members: members.map((value) => ({ value })),
  };
  const known = provisioned.groups[group.object_id];
  const target =
    known === undefined
      ? await find(client, '/Groups?startIndex=1&count=100', 'displayName', group.displayName)
      : await insist(client, 'GET', `/Groups/${known.id}`);
  if (target === null) {
    const created = await insist(client, 'POST', '/Groups', content);
    provisioned.groups[group.object_id] = { id: readId(created), members };
    return 'create';
  }
  provisioned.groups[group.object_id] = { id: readId(target), members };
  if (target['displayName'] === group.displayName && isSame(listMembers(target), members)) return null;
  await insist(client, 'PUT', `/Groups/${readId(target)}`, { ...content, id: readId(target) });
  return 'update';
}

function listMembers(group: JsonObject): string[] {
  const { members } = group;
  if (!Array.isArray(members)) return [];
  return members
    .filter(isObject)
    .flatMap((member) => (typeof member['value'] === 'string' ? [member['value']] : []))
    .sort();
}
