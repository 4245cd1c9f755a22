// Groups as a cycle pushes them: matched, created, renamed, their members sent, and deleted out of scope.
import type { DirectoryGroup } from '../directory.ts';
import {
  MemberError,
  ProvisioningError,
  find,
  insist,
  noteOutcome,
  readId,
  removeResource,
} from '../idp-client.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { isAnothers, type Run } from './run.ts';
import { listNested, listPeople, listPushedGroups } from './scope.ts';
import { writeMembersPatch, writeNewGroup, writeRename } from './shapes.ts';

/** Members in one PATCH. */
const MEMBERS_AT_ONCE = 100;

export async function provisionGroup(run: Run, group: DirectoryGroup): Promise<string | null> {
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

/**
 * Sends what changed since the last cycle; an initial one sends every membership.
 * Users go before nested groups, so that a nested group that is refused keeps no user out.
 */
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
  const isNew = (id: string): boolean => run.isInitial || !sent.has(id);
  const removed = known.members.filter((id) => !wanted.has(id));
  for (const some of chunk(removed)) await sendSome(run, known, [], some);
  for (const some of chunk(people.filter(isNew))) await sendSome(run, known, some, []);
  for (const id of nested.filter(isNew)) await sendSome(run, known, [id], []);
  return removed.length + [...wanted].filter(isNew).length === 0 ? null : 'update members';
}

function chunk(ids: readonly string[]): readonly (readonly string[])[] {
  const count = Math.ceil(ids.length / MEMBERS_AT_ONCE);
  return Array.from({ length: count }, (_, at) =>
    ids.slice(at * MEMBERS_AT_ONCE, (at + 1) * MEMBERS_AT_ONCE),
  );
}

/** @throws MemberError with the service's reason. */
async function sendSome(
  run: Run,
  known: { id: string; members: string[] },
  added: readonly string[],
  removed: readonly string[],
): Promise<void> {
  const patch = writeMembersPatch(added, removed, run.isCompliant);
  const answer = await run.client.send('PATCH', `/Groups/${known.id}`, patch);
  if (answer.status >= 300) throw new MemberError(answer);
  known.members = [...new Set([...known.members.filter((id) => !removed.includes(id)), ...added])];
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

/** A group that is out of scope is deleted: it has nothing like `active`. */
export async function deleteUnassigned(run: Run): Promise<void> {
  const { provisioned } = run.directory;
  const pushed = new Set(listPushedGroups(run.directory).map((group) => group.object_id));
  for (const [objectId, { id }] of Object.entries(provisioned.groups)) {
    if (pushed.has(objectId)) continue;
    await noteOutcome(run.log, objectId, async () => {
      await removeResource(run.client, `/Groups/${id}`);
      delete provisioned.groups[objectId];
      return 'delete';
    });
  }
}
