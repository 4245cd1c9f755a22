// One organisation's users and groups: creating, replacing, patching and deleting, each as a whole or not at all.
import { randomUUID } from 'node:crypto';
import { getAttribute } from './attributes.ts';
import { foldPath, splitAttributePath, type Steps } from './attribute-path.ts';
import { createCollection, type Collection, type Entry, type ResourceKind } from './collection.ts';
import { checkGroup, checkUser } from './content.ts';
import { isObject, isSame, type JsonObject } from './json.ts';
import { applyPatch } from './patch.ts';
import { tidyResource } from './tidy.ts';
import { COREWEAVE_GROUP_SCHEMA, COREWEAVE_USER_SCHEMA, GROUP_SCHEMA, USER_SCHEMA } from './schemas.ts';
import { ScimError } from './scim-error.ts';

export interface OrganisationOptions {
  /** Attribute paths under which the POSIX ids are served. */
  readonly uidPath?: string;
  readonly gidPath?: string;
  /** The first id of each sort. */
  readonly firstUid?: number;
  readonly firstGid?: number;
  /** Epoch milliseconds; the real clock by default. */
  readonly now?: () => number;
}

/** One change, as those hear of it who subscribed. */
export interface Change {
  readonly kind: ResourceKind;
  readonly id: string;
  readonly act: 'create' | 'put' | 'patch' | 'delete';
  readonly before: JsonObject | null;
  readonly after: JsonObject | null;
}

export interface Organisation {
  readonly users: Collection;
  readonly groups: Collection;
  /** @throws ScimError 404 */
  read(kind: ResourceKind, id: string): Entry;
  create(kind: ResourceKind, body: JsonObject): Entry;
  replace(kind: ResourceKind, id: string, body: JsonObject): Entry;
  patch(kind: ResourceKind, id: string, body: JsonObject): Entry;
  remove(kind: ResourceKind, id: string): void;
  onChange(listener: (change: Change) => void): void;
}

const ALWAYS_READ_ONLY = ['id', 'meta', 'schemas', 'groups'];

export function createOrganisation(options: OrganisationOptions = {}): Organisation {
  const now = options.now ?? Date.now;
  const users = createCollection('User');
  const groups = createCollection('Group');
  const kinds = {
    User: {
      collection: users,
      schema: USER_SCHEMA,
      idSteps: splitIdPath(options.uidPath ?? `${COREWEAVE_USER_SCHEMA}:uid`),
      check: (resource: JsonObject, id: string) => checkUser(resource, id, users),
      nextId: options.firstUid ?? 10_000,
    },
    Group: {
      collection: groups,
      schema: GROUP_SCHEMA,
      idSteps: splitIdPath(options.gidPath ?? `${COREWEAVE_GROUP_SCHEMA}:gid`),
      check: (resource: JsonObject) => checkGroup(resource, users, groups),
      nextId: options.firstGid ?? 20_000,
    },
  };
  const listeners: ((change: Change) => void)[] = [];
  let nextSeq = 1;

  function announce(change: Change): void {
    for (const listener of listeners) listener(change);
  }

  function read(kind: ResourceKind, id: string): Entry {
    const entry = kinds[kind].collection.get(id);
    if (entry === null) throw new ScimError(404, null, `no ${kind} has the id ${id}`);
    return entry;
  }

  /** Everything that can be refused is refused before the first line that changes anything. */
  function commit(kind: ResourceKind, content: JsonObject, before: Entry | null): Entry {
    const { collection, schema, idSteps, check } = kinds[kind];
    const id = before?.id ?? randomUUID();
    const resource = tidyResource(content, schema);
    if (kind === 'User') resource['active'] ??= true;
    check(resource, id);
    const modified = now();
    const stamp = new Date(modified).toISOString();
    const oldMeta = before === null ? null : getAttribute(before.resource, 'meta');
    const created = isObject(oldMeta) ? (oldMeta['created'] ?? stamp) : stamp;
    const posixId = before?.posixId ?? kinds[kind].nextId;
    const extension = setPosixId(resource, idSteps, posixId);
    const schemas = Array.isArray(resource['schemas']) ? resource['schemas'] : [schema];
    if (extension !== null && !schemas.includes(extension)) schemas.push(extension);
    const { schemas: _, ...rest } = resource;
    const whole: JsonObject = {
      schemas,
      id,
      ...rest,
      meta: { resourceType: kind, created, lastModified: stamp },
    };
    const entry = { id, seq: before?.seq ?? nextSeq, posixId, modified, resource: whole };
    if (before !== null && isUnchanged(before.resource, whole)) return before;
    if (before === null) {
      kinds[kind].nextId += 1;
      nextSeq += 1;
    }
    collection.put(entry);
    return entry;
  }

  return {
    users,
    groups,
    read,
    create(kind, body) {
      const entry = commit(kind, body, null);
      announce({ kind, id: entry.id, act: 'create', before: null, after: entry.resource });
      return entry;
    },
    replace(kind, id, body) {
      const before = read(kind, id);
      const active = getAttribute(before.resource, 'active');
      // A PUT that forgets `active` must not let anybody back in.
      const isSilent = kind === 'User' && getAttribute(body, 'active') === null;
      const entry = commit(kind, isSilent ? { ...body, active } : body, before);
      if (entry !== before)
        announce({ kind, id, act: 'put', before: before.resource, after: entry.resource });
      return entry;
    },
    patch(kind, id, body) {
      const before = read(kind, id);
      const readOnly = new Set([...ALWAYS_READ_ONLY, foldPath(kinds[kind].idSteps)]);
      const entry = commit(kind, applyPatch(before.resource, body, readOnly), before);
      if (entry !== before)
        announce({ kind, id, act: 'patch', before: before.resource, after: entry.resource });
      return entry;
    },
    remove(kind, id) {
      const before = read(kind, id);
      kinds[kind].collection.remove(id);
      announce({ kind, id, act: 'delete', before: before.resource, after: null });
      if (kind === 'Group') return;
      for (const group of groups.list()) {
        const members = getAttribute(group.resource, 'members');
        if (!Array.isArray(members) || !members.some((member) => isMember(member, id))) continue;
        const left = members.filter((member) => !isMember(member, id));
        const entry = commit('Group', { ...group.resource, members: left }, group);
        announce({
          kind: 'Group',
          id: group.id,
          act: 'patch',
          before: group.resource,
          after: entry.resource,
        });
      }
    },
    onChange: (listener) => void listeners.push(listener),
  };
}

function isMember(member: unknown, id: string): boolean {
  return isObject(member) && member['value'] === id;
}

/** The same but for the time of the change: then there was none, and `lastModified` stays. */
function isUnchanged(before: JsonObject, after: JsonObject): boolean {
  return isSame({ ...before, meta: null }, { ...after, meta: null });
}

function splitIdPath(path: string): Steps {
  const steps = splitAttributePath(path);
  if (steps === null) throw new Error(`not an attribute path: ${path}`);
  return steps;
}

/** Writes the id at its path, whatever the client put there; says which extension that path is in. */
function setPosixId(resource: JsonObject, steps: Steps, posixId: number): string | null {
  let holder = resource;
  for (const step of steps.slice(0, -1)) {
    const inner = holder[step];
    const next = isObject(inner) ? { ...inner } : {};
    holder[step] = next;
    holder = next;
  }
  holder[steps.at(-1) ?? ''] = posixId;
  const [first = ''] = steps;
  return first.includes(':') ? first : null;
}
