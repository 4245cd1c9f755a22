// One organisation's users and groups: creating, replacing, patching and deleting, each as a whole or not at all.
import { randomUUID } from 'node:crypto';
import { getAttribute, getValues } from '../attributes.ts';
import { foldPath } from '../attribute-path.ts';
import { createCollection, type Collection, type Entry, type ResourceKind } from './collection.ts';
import { checkGroup, checkUser, type GroupRules } from './content.ts';
import { isObject, isSame, type JsonObject } from '../json.ts';
import { addKeys, setPosixId, splitIdPath } from './own-attributes.ts';
import { applyPatch } from '../patch/patch.ts';
import { tidyResource } from './tidy.ts';
import {
  COREWEAVE_GROUP_SCHEMA,
  COREWEAVE_USER_SCHEMA,
  GROUP_SCHEMA,
  USER_SCHEMA,
} from '../discovery/schemas.ts';
import { ScimError } from '../scim-error.ts';

export interface OrganisationOptions {
  /** Attribute paths under which the POSIX ids are served. */
  readonly uidPath?: string;
  readonly gidPath?: string;
  /** The first id of each sort. */
  readonly firstUid?: number;
  readonly firstGid?: number;
  /** Epoch milliseconds; the real clock by default. */
  readonly now?: () => number;
  /** What the switches forbid; nothing by default. */
  readonly rules?: GroupRules;
}

/** One change, as those hear of it who subscribed. */
export interface Change {
  readonly kind: ResourceKind;
  readonly id: string;
  readonly act: 'create' | 'put' | 'patch' | 'delete';
  /** What readers got before and get now. */
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
  /** The keys that a person added in the console; readers get them, the identity provider never sees them. */
  setConsoleKeys(id: string, keys: readonly string[]): Entry;
  onChange(listener: (change: Change) => void): void;
  dump(): OrganisationDump;
  /** Takes the place of everything there is; no event is sent. */
  restore(dump: OrganisationDump): void;
}

/** Everything of it as plain data: what `served` is follows from the rest. */
export interface OrganisationDump {
  readonly users: readonly Omit<Entry, 'served'>[];
  readonly groups: readonly Omit<Entry, 'served'>[];
  /** The next ids: those of the deleted are not given again. */
  readonly next: { readonly uid: number; readonly gid: number; readonly seq: number };
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
      check: (resource: JsonObject) => checkGroup(resource, users, groups, options.rules ?? null),
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
    const resource = tidyResource(content, kinds[kind].schema);
    const id = before?.id ?? randomUUID();
    kinds[kind].check(resource, id);
    return keep(kind, id, resource, before, before?.consoleKeys ?? []);
  }

  function keep(
    kind: ResourceKind,
    id: string,
    resource: JsonObject,
    before: Entry | null,
    consoleKeys: readonly string[],
  ): Entry {
    const known = kinds[kind];
    const modified = now();
    const posixId = before?.posixId ?? known.nextId;
    const whole = complete(kind, id, resource, { posixId, modified, before: before?.resource ?? null });
    const served = serve(whole, consoleKeys);
    if (before !== null && isUnchanged(before, whole, consoleKeys)) return before;
    const seq = before?.seq ?? nextSeq;
    if (before === null) {
      known.nextId += 1;
      nextSeq += 1;
    }
    const entry = { id, seq, posixId, modified, resource: whole, served, consoleKeys };
    known.collection.put(entry);
    return entry;
  }

  /** The service's own attributes, added to what the client may write. */
  function complete(
    kind: ResourceKind,
    id: string,
    resource: JsonObject,
    own: { posixId: number; modified: number; before: JsonObject | null },
  ): JsonObject {
    // Silence about `active` (a PUT that forgets it, a PATCH that removes it) must not enable a user again.
    if (kind === 'User') resource['active'] ??= getAttribute(own.before ?? {}, 'active') ?? true;
    const extension = setPosixId(resource, kinds[kind].idSteps, own.posixId);
    const schemas = Array.isArray(resource['schemas']) ? [...resource['schemas']] : [];
    if (extension !== null && !schemas.includes(extension)) schemas.push(extension);
    const { schemas: _, ...rest } = resource;
    const stamp = new Date(own.modified).toISOString();
    const [created = stamp] = getValues(own.before, ['meta', 'created']);
    return { schemas, id, ...rest, meta: { resourceType: kind, created, lastModified: stamp } };
  }

  function announceUpdate(kind: ResourceKind, act: 'put' | 'patch', before: Entry, after: Entry): Entry {
    if (after !== before) announce({ kind, id: after.id, act, before: before.served, after: after.served });
    return after;
  }

  /** Not checked again: what was let in before a rule came must not stand in the way of a deletion. */
  function removeMember(group: Entry, id: string): void {
    const members = getAttribute(group.resource, 'members');
    if (!Array.isArray(members) || !members.some((member) => isMember(member, id))) return;
    const left = members.filter((member) => !isMember(member, id));
    const content = tidyResource({ ...group.resource, members: left }, GROUP_SCHEMA);
    announceUpdate('Group', 'patch', group, keep('Group', group.id, content, group, []));
  }

  return {
    users,
    groups,
    read,
    create(kind, body) {
      const entry = commit(kind, body, null);
      announce({ kind, id: entry.id, act: 'create', before: null, after: entry.served });
      return entry;
    },
    replace(kind, id, body) {
      const before = read(kind, id);
      return announceUpdate(kind, 'put', before, commit(kind, body, before));
    },
    patch(kind, id, body) {
      const before = read(kind, id);
      const readOnly = new Set([...ALWAYS_READ_ONLY, foldPath(kinds[kind].idSteps)]);
      const after = commit(kind, applyPatch(before.resource, body, readOnly), before);
      return announceUpdate(kind, 'patch', before, after);
    },
    remove(kind, id) {
      const before = read(kind, id);
      kinds[kind].collection.remove(id);
      announce({ kind, id, act: 'delete', before: before.served, after: null });
      if (kind === 'User') for (const group of groups.list()) removeMember(group, id);
    },
    setConsoleKeys(id, keys) {
      const before = read('User', id);
      return announceUpdate(
        'User',
        'patch',
        before,
        keep('User', id, { ...before.resource }, before, [...keys]),
      );
    },
    onChange: (listener) => void listeners.push(listener),
    dump: () => ({
      users: users.list().map(dumpEntry),
      groups: groups.list().map(dumpEntry),
      next: { uid: kinds.User.nextId, gid: kinds.Group.nextId, seq: nextSeq },
    }),
    restore(dump) {
      users.clear();
      groups.clear();
      for (const entry of dump.users)
        users.put({ ...entry, served: serve(entry.resource, entry.consoleKeys) });
      for (const entry of dump.groups) groups.put({ ...entry, served: entry.resource });
      kinds.User.nextId = dump.next.uid;
      kinds.Group.nextId = dump.next.gid;
      nextSeq = dump.next.seq;
    },
  };
}

function serve(resource: JsonObject, consoleKeys: readonly string[]): JsonObject {
  return consoleKeys.length === 0 ? resource : addKeys(resource, consoleKeys);
}

function dumpEntry({ served: _served, ...entry }: Entry): Omit<Entry, 'served'> {
  return entry;
}

function isMember(member: unknown, id: string): boolean {
  return isObject(member) && member['value'] === id;
}

/** The same but for the time of the change: then there was none, and `lastModified` stays. */
function isUnchanged(before: Entry, resource: JsonObject, consoleKeys: readonly string[]): boolean {
  const isSameResource = isSame({ ...before.resource, meta: null }, { ...resource, meta: null });
  return isSameResource && isSame([...before.consoleKeys], [...consoleKeys]);
}
