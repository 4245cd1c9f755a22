// One provisioning cycle of Entra: users first, then groups and their members; a failure harms only its object.
import { randomUUID } from 'node:crypto';
import type { Directory } from '../directory.ts';
import { insist, noteOutcome, type LogLine } from '../idp-client.ts';
import { deleteUnassigned, provisionGroup } from './push-groups.ts';
import { deletePurged, disablePerson, provisionPerson } from './push-users.ts';
import { judgeCycle } from './quarantine.ts';
import { emptyRecycleBin } from './recycle-bin.ts';
import { openClient, openRun } from './run.ts';
import { listAssignedPeople, listPushedGroups } from './scope.ts';
import { findManagerId } from './shapes.ts';

/**
 * *Test Connection*: both lists must take a filter that finds nothing.
 * @throws ProvisioningError or Error with what went wrong.
 */
export async function testConnection(directory: Directory): Promise<void> {
  const { client } = openClient(directory);
  for (const [path, attribute] of [
    ['/Users', 'userName'],
    ['/Groups', 'displayName'],
  ] as const) {
    const probe = randomUUID();
    const filter = `${attribute}+eq+%22${probe}%22`;
    const { totalResults, Resources } = await insist(client, 'GET', `${path}?filter=${filter}`);
    if (totalResults !== 0 || (Array.isArray(Resources) && Resources.length > 0)) {
      throw new Error(`${path} found a resource called ${probe}: the service ignores the filter`);
    }
  }
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
  // Users who were created before their manager: only now has the manager an id.
  for (const [person, managerId] of managers) {
    if (findManagerId(directory, person) !== managerId)
      await noteOutcome(run.log, person.userPrincipalName, () => provisionPerson(run, person));
  }
  for (const person of directory.users) {
    if (!inScope.has(person))
      await noteOutcome(run.log, person.userPrincipalName, () => disablePerson(run, person));
  }
  await deletePurged(run);
  for (const group of listPushedGroups(directory)) {
    await noteOutcome(run.log, group.displayName, () => provisionGroup(run, group));
  }
  await deleteUnassigned(run);
  judgeCycle(directory, run.log, now);
  return run.log;
}
