// One provisioning cycle of Entra: people first, then groups and their members; a failure harms only its object.
import { randomUUID } from 'node:crypto';
import type { Directory, DirectoryGroup, Person } from '../directory.ts';
import { listAssignedGroups, listAssignedPeople, listNested, listPeople } from './scope.ts';
import {
  findManagerId,
  isActive,
  mapPerson,
  writeMembersPatch,
  writeNewGroup,
  writeNewUser,
  writeRename,
  writeUserPatch,
} from './shapes.ts';
import {
  ProvisioningError,
  createIdpClient,
  find,
  insist,
  noteOutcome,
  readId,
  removeResource,
  type IdpClient,
  type LogLine,
} from '../idp-client.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { judgeCycle } from './quarantine.ts';
import { emptyRecycleBin } from './recycle-bin.ts';

/** Members in one PATCH. */
const MEMBERS_AT_ONCE = 100;
const USER_AGENT = 'entra-emulator (like Microsoft.Azure.Provisioning)';

/** What the form of the tenant URL decides. */
export function readTenantUrl(url: string): { baseUrl: string; isCompliant: boolean } {
  const [baseUrl = '', query = ''] = url.split('?', 2);
  return { baseUrl: baseUrl.replace(/\/+$/, ''), isCompliant: query.includes('aadOptscim062020') };
}

/**
 * *Test Connection*: both lists must take a filter that finds nobody.
 * @throws ProvisioningError or Error with what went wrong.
 */
export async function testConnection(directory: Directory): Promise<void> {
  const { client } = open(directory);
  for (const [path, attribute] of [
    ['/Users', 'userName'],
    ['/Groups', 'displayName'],
  ] as const) {
    const probe = randomUUID();
    const filter = `${attribute}+eq+%22${probe}%22`;
    const { totalResults, Resources } = await insist(client, 'GET', `${path}?filter=${filter}`);
    if (totalResults !== 0 || (Array.isArray(Resources) && Resources.length > 0)) {
      throw new Error(`${path} found somebody called ${probe}: the service ignores the filter`);
    }
  }
}

/** What a cycle and a provisioning on demand work with. */
export interface Run {
  readonly directory: Directory;
  readonly client: IdpClient;
  readonly isCompliant: boolean;
  /** No watermark: everything is matched by name again, and every membership sent again. */
  readonly isInitial: boolean;
  readonly log: LogLine[];
}

/** A run that has done nothing yet. */
export function openRun(directory: Directory): Run {
  const isInitial = directory.application.watermark === null;
  return { directory, ...open(directory), isInitial, log: [] };
}

function open(directory: Directory): Pick<Run, 'client' | 'isCompliant'> {
  const { tenant_url: url, secret_token: token } = directory.application;
  const { baseUrl, isCompliant } = readTenantUrl(url);
  return { client: createIdpClient(baseUrl, token, USER_AGENT), isCompliant };
}

/**
 * Runs a cycle; an initial one finds what is there already by name. Notes in the directory what it did, and
 * puts the application into quarantine when too much of it failed.
 * @returns the provisioning log, one line for each object that was touched or failed.
 */
export async function runCycle(directory: Directory): Promise<readonly LogLine[]> {
  const run = openRun(directory);
  const now = Date.now();
  emptyRecycleBin(directory, now);
  const inScope = new Set(listAssignedPeople(directory));
  const managers = new Map([...inScope].map((person) => [person, findManagerId(directory, person)]));
  for (const person of inScope)
    await noteOutcome(run.log, person.userPrincipalName, () => provisionPerson(run, person));
  // Who came before their manager did: only now has the manager an id.
  for (const [person, managerId] of managers) {
    if (findManagerId(directory, person) !== managerId)
      await noteOutcome(run.log, person.userPrincipalName, () => provisionPerson(run, person));
  }
  for (const person of directory.users) {
    if (!inScope.has(person))
      await noteOutcome(run.log, person.userPrincipalName, () => disablePerson(run, person));
  }
  await deletePurged(run);
  for (const group of listAssignedGroups(directory)) {
    await noteOutcome(run.log, group.displayName, () => provisionGroup(run, group));
  }
  await deleteUnassigned(run);
  judgeCycle(directory, run.log, now);
  return run.log;
}

async function provisionPerson(run: Run, person: Person): Promise<string | null> {
  return bringPerson(run, person, await findPerson(run, person));
}

/** Makes a person who is in scope, or what the match found, what the directory says. */
export async function bringPerson(
  run: Run,
  person: Person,
  target: JsonObject | null,
): Promise<string | null> {
  const mapped = mapPerson(person, run.directory.application.mappings, findManagerId(run.directory, person));
  if (target === null) {
    // Who is disabled before the first cycle is never made.
    if (!isActive(person)) return null;
    const created = await insist(run.client, 'POST', '/Users', writeNewUser(person, mapped));
    run.directory.provisioned.users[person.object_id] = readId(created);
    return 'create';
  }
  run.directory.provisioned.users[person.object_id] = readId(target);
  return patchPerson(run, target, mapped, isActive(person));
}

/** Out of scope means disabled; the account and its memberships stay. */
export async function disablePerson(run: Run, person: Person): Promise<string | null> {
  if (run.directory.provisioned.users[person.object_id] === undefined) return null;
  const target = await findPerson(run, person);
  return target === null ? null : patchPerson(run, target, null, false);
}

async function patchPerson(
  run: Run,
  target: JsonObject,
  mapped: ReadonlyMap<string, string> | null,
  active: boolean,
): Promise<string | null> {
  const patch = writeUserPatch(target, mapped, active, run.isCompliant);
  if (patch === null) return null;
  await insist(run.client, 'PATCH', `/Users/${readId(target)}`, patch);
  return !active && target['active'] === true ? 'disable' : 'update';
}

/** The match: by the id that is known, else by `userName`; an initial cycle asks for the name first. */
export async function findPerson(run: Run, person: Person): Promise<JsonObject | null> {
  const { users } = run.directory.provisioned;
  const id = users[person.object_id];
  if (run.isInitial) {
    const named = await find(run.client, '/Users', 'userName', person.userPrincipalName);
    if (named !== null && !isAnothers(users, person.object_id, readId(named))) return named;
  }
  if (id === undefined) return find(run.client, '/Users', 'userName', person.userPrincipalName);
  const answer = await run.client.send('GET', `/Users/${id}`);
  if (answer.status === 404) {
    delete run.directory.provisioned.users[person.object_id];
    return find(run.client, '/Users', 'userName', person.userPrincipalName);
  }
  if (answer.status !== 200) throw new ProvisioningError(answer);
  return answer.body;
}

/** Whether an id belongs to another object here: its name may have been free only since this cycle. */
function isAnothers(ids: Readonly<Record<string, string>>, objectId: string, id: string): boolean {
  return Object.entries(ids).some(([other, taken]) => other !== objectId && taken === id);
}

/** Purged from the recycle bin: only now comes the DELETE. */
async function deletePurged(run: Run): Promise<void> {
  const { provisioned, users } = run.directory;
  const left = new Set(users.map((person) => person.object_id));
  for (const [objectId, id] of Object.entries(provisioned.users)) {
    if (left.has(objectId)) continue;
    await noteOutcome(run.log, objectId, async () => {
      await removeResource(run.client, `/Users/${id}`);
      delete provisioned.users[objectId];
      for (const group of Object.values(provisioned.groups)) {
        group.members = group.members.filter((member) => member !== id);
      }
      return 'delete';
    });
  }
}

async function provisionGroup(run: Run, group: DirectoryGroup): Promise<string | null> {
  return bringGroup(run, group, await findGroup(run, group));
}

/** Makes a group, or what the match found, what the directory says, its members included. */
export async function bringGroup(
  run: Run,
  group: DirectoryGroup,
  target: JsonObject | null,
): Promise<string | null> {
  const { provisioned } = run.directory;
  let action: string | null = null;
  let known = provisioned.groups[group.object_id];
  if (target === null) {
    const created = await insist(
      run.client,
      'POST',
      '/Groups',
      writeNewGroup(group.displayName, group.object_id),
    );
    known = { id: readId(created), members: [] };
    action = 'create';
  } else {
    if (known?.id !== readId(target)) known = { id: readId(target), members: [] };
    if (target['displayName'] !== group.displayName) {
      await insist(
        run.client,
        'PATCH',
        `/Groups/${known.id}`,
        writeRename(group.displayName, run.isCompliant),
      );
      action = 'update';
    }
  }
  provisioned.groups[group.object_id] = known;
  return (await sendMembers(run, group, known)) ?? action;
}

/** Only what changed since the last cycle is sent, but in an initial one: a restored user's memberships are not sent again. */
async function sendMembers(
  run: Run,
  group: DirectoryGroup,
  known: { id: string; members: string[] },
): Promise<string | null> {
  const { provisioned } = run.directory;
  const people = listPeople(run.directory, group).flatMap(
    (person) => provisioned.users[person.object_id] ?? [],
  );
  const nested = listNested(run.directory, group).flatMap(
    (other) => provisioned.groups[other.object_id]?.id ?? [],
  );
  const wanted = new Set([...people, ...nested]);
  const sent = new Set(known.members);
  const added = [...wanted].filter((id) => run.isInitial || !sent.has(id));
  const removed = known.members.filter((id) => !wanted.has(id));
  const sendSome = async (coming: readonly string[], going: readonly string[]): Promise<void> => {
    await insist(
      run.client,
      'PATCH',
      `/Groups/${known.id}`,
      writeMembersPatch(coming, going, run.isCompliant),
    );
    known.members = [...new Set([...known.members.filter((id) => !going.includes(id)), ...coming])];
  };
  for (let from = 0; from < removed.length; from += MEMBERS_AT_ONCE) {
    await sendSome([], removed.slice(from, from + MEMBERS_AT_ONCE));
  }
  for (let from = 0; from < added.length; from += MEMBERS_AT_ONCE) {
    await sendSome(added.slice(from, from + MEMBERS_AT_ONCE), []);
  }
  return added.length + removed.length === 0 ? null : 'update members';
}

/** The match of a group: by the id that is known, else by `displayName`; an initial cycle asks for the name first. */
export async function findGroup(run: Run, group: DirectoryGroup): Promise<JsonObject | null> {
  const { groups } = run.directory.provisioned;
  const byName = (): Promise<JsonObject | null> =>
    find(run.client, '/Groups?excludedAttributes=members', 'displayName', group.displayName);
  if (run.isInitial) {
    const named = await byName();
    const ids = Object.fromEntries(Object.entries(groups).map(([objectId, known]) => [objectId, known.id]));
    if (named !== null && !isAnothers(ids, group.object_id, readId(named))) return named;
  }
  const id = groups[group.object_id]?.id;
  if (id !== undefined) {
    const answer = await run.client.send('GET', `/Groups/${id}?excludedAttributes=members`);
    if (answer.status === 200) return answer.body;
    if (answer.status !== 404) throw new ProvisioningError(answer);
    delete groups[group.object_id];
  }
  return byName();
}

/** A group that is assigned no more is deleted: it has nothing like `active`. */
async function deleteUnassigned(run: Run): Promise<void> {
  const { provisioned } = run.directory;
  const assigned = new Set(listAssignedGroups(run.directory).map((group) => group.object_id));
  for (const [objectId, { id }] of Object.entries(provisioned.groups)) {
    if (assigned.has(objectId)) continue;
    await noteOutcome(run.log, objectId, async () => {
      await removeResource(run.client, `/Groups/${id}`);
      delete provisioned.groups[objectId];
      return 'delete';
    });
  }
}
