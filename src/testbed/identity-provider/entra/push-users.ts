// Users as a cycle pushes them: matched, created, patched, disabled, and deleted once they are purged.
import type { Person } from '../directory.ts';
import { ProvisioningError, find, insist, noteOutcome, readId, removeResource } from '../idp-client.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { isAnothers, type Run } from './run.ts';
import { findManagerId, isActive, listCleared, mapPerson, writeNewUser, writeUserPatch } from './shapes.ts';

export async function provisionPerson(run: Run, person: Person): Promise<string | null> {
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
    // A user who is disabled before the first cycle is never created.
    if (!isActive(person)) return null;
    const created = await insist(
      run.client,
      'POST',
      '/Users',
      writeNewUser(person, mapped, run.directory.application.sends_null_addresses),
    );
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
  const cleared = mapped === null ? [] : listCleared(target, run.directory.application.mappings);
  const patch = writeUserPatch(target, mapped, active, { isCompliant: run.isCompliant, cleared });
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

/** Purged from the recycle bin: only now comes the DELETE. */
export async function deletePurged(run: Run): Promise<void> {
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
