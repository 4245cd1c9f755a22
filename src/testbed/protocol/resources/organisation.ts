// One organisation's users and groups: creating, replacing, patching and deleting, each as a whole or not at all.
import { randomUUID } from 'node:crypto';
import { getAttribute } from '../attributes.ts';
import { foldPath, type Steps } from '../attribute-path.ts';
import { createCollection, type Collection, type Entry, type ResourceKind } from './collection.ts';
import { checkGroup, checkUser, type GroupRules } from './content.ts';
import { isObject, isSame, type JsonObject } from '../json.ts';
import { dropPrivateKeys, type Leak } from '../../keys/private-keys.ts';
import { completeResource, serveResource, splitIdPath } from './own-attributes.ts';
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
  /** Whether a pushed private key is stored like any text; never by default. */
  readonly storesPrivateKeys?: () => boolean;
}

/** One change, as subscribers are told of it. */
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
  /** Private keys that were pushed, by the user's id: none of them was stored. */
  leaks(): ReadonlyMap<string, Leak>;
  onChange(listener: (change: Change) => void): void;
  dump(): OrganisationDump;
  /** Takes the place of everything there is; no event is sent. */
  restore(dump: OrganisationDump): void;
}

/** Everything of it as plain data: what `served` is follows from the rest. */
export interface OrganisationDump {
  readonly users: readonly Omit<Entry, 'served'>[];
  readonly groups: readonly Omit<Entry, 'served'>[];
  readonly leaks: Readonly<Record<string, Leak>>;
  /** The next ids: those of the deleted are not given again. */
  readonly next: { readonly uid: number; readonly gid: number; readonly seq: number };
}

const ALWAYS_READ_ONLY = ['id', 'meta', 'schemas', 'groups'];

/** What differs between users and groups. */
interface Kind {
  readonly collection: Collection;
  readonly schema: string;
  /** Path of the POSIX id. */
  readonly idSteps: Steps;
  /** @throws ScimError for what is refused. */
  readonly check: (resource: JsonObject, id: string) => void;
  nextId: number;
}

export function createOrganisation(options: OrganisationOptions = {}): Organisation {
  return new StoredOrganisation(options);
}

class StoredOrganisation implements Organisation {
  readonly users = createCollection('User');
  readonly groups = createCollection('Group');
  readonly #kinds: Readonly<Record<ResourceKind, Kind>>;
  readonly #now: () => number;
  readonly #storesPrivateKeys: () => boolean;
  readonly #listeners: ((change: Change) => void)[] = [];
  #leaks = new Map<string, Leak>();
  #nextSeq = 1;

  constructor(options: OrganisationOptions) {
    const { users, groups } = this;
    this.#now = options.now ?? Date.now;
    this.#storesPrivateKeys = options.storesPrivateKeys ?? (() => false);
    this.#kinds = {
      User: {
        collection: users,
        schema: USER_SCHEMA,
        idSteps: splitIdPath(options.uidPath ?? `${COREWEAVE_USER_SCHEMA}:uid`),
        check: (resource, id) => checkUser(resource, id, users),
        nextId: options.firstUid ?? 10_000,
      },
      Group: {
        collection: groups,
        schema: GROUP_SCHEMA,
        idSteps: splitIdPath(options.gidPath ?? `${COREWEAVE_GROUP_SCHEMA}:gid`),
        check: (resource) => checkGroup(resource, users, groups, options.rules ?? null),
        nextId: options.firstGid ?? 20_000,
      },
    };
  }

  read(kind: ResourceKind, id: string): Entry {
    const entry = this.#kinds[kind].collection.get(id);
    if (entry === null) throw new ScimError(404, null, `no ${kind} has the id ${id}`);
    return entry;
  }

  create(kind: ResourceKind, body: JsonObject): Entry {
    const entry = this.#commit(kind, body, null, true);
    this.#announce({ kind, id: entry.id, act: 'create', before: null, after: entry.served });
    return entry;
  }

  replace(kind: ResourceKind, id: string, body: JsonObject): Entry {
    const before = this.read(kind, id);
    return this.#announceUpdate(kind, 'put', before, this.#commit(kind, body, before, true));
  }

  patch(kind: ResourceKind, id: string, body: JsonObject): Entry {
    const before = this.read(kind, id);
    const readOnly = new Set([...ALWAYS_READ_ONLY, foldPath(this.#kinds[kind].idSteps)]);
    const content = applyPatch(before.resource, body, readOnly);
    const saysKeys = JSON.stringify(body).toLowerCase().includes('sunksshkeys');
    return this.#announceUpdate(kind, 'patch', before, this.#commit(kind, content, before, saysKeys));
  }

  remove(kind: ResourceKind, id: string): void {
    const before = this.read(kind, id);
    this.#kinds[kind].collection.remove(id);
    this.#leaks.delete(id);
    this.#announce({ kind, id, act: 'delete', before: before.served, after: null });
    if (kind === 'User') for (const group of this.groups.list()) this.#removeMember(group, id);
  }

  setConsoleKeys(id: string, keys: readonly string[]): Entry {
    const before = this.read('User', id);
    const after = this.#keep('User', id, { ...before.resource }, before, [...keys]);
    return this.#announceUpdate('User', 'patch', before, after);
  }

  leaks(): ReadonlyMap<string, Leak> {
    return this.#leaks;
  }

  onChange(listener: (change: Change) => void): void {
    this.#listeners.push(listener);
  }

  dump(): OrganisationDump {
    const { User, Group } = this.#kinds;
    return {
      users: this.users.list().map(dumpEntry),
      groups: this.groups.list().map(dumpEntry),
      leaks: Object.fromEntries(this.#leaks),
      next: { uid: User.nextId, gid: Group.nextId, seq: this.#nextSeq },
    };
  }

  restore(dump: OrganisationDump): void {
    this.users.clear();
    this.groups.clear();
    for (const entry of dump.users)
      this.users.put({ ...entry, served: serveResource(entry.resource, entry.consoleKeys) });
    for (const entry of dump.groups) this.groups.put({ ...entry, served: entry.resource });
    this.#leaks = new Map(Object.entries(dump.leaks));
    this.#kinds.User.nextId = dump.next.uid;
    this.#kinds.Group.nextId = dump.next.gid;
    this.#nextSeq = dump.next.seq;
  }

  #announce(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }

  #announceUpdate(kind: ResourceKind, act: 'put' | 'patch', before: Entry, after: Entry): Entry {
    if (after !== before)
      this.#announce({ kind, id: after.id, act, before: before.served, after: after.served });
    return after;
  }

  /**
   * Everything that can be refused is refused before the first line that changes anything.
   * @param saysKeys whether the request says which keys the user has: then a leak of before is dealt with.
   */
  #commit(kind: ResourceKind, content: JsonObject, before: Entry | null, saysKeys: boolean): Entry {
    const tidy = tidyResource(content, this.#kinds[kind].schema);
    const { resource, leak } = this.#storesPrivateKeys()
      ? { resource: tidy, leak: null }
      : dropPrivateKeys(tidy, new Date(this.#now()).toISOString());
    const id = before?.id ?? randomUUID();
    this.#kinds[kind].check(resource, id);
    if (leak !== null) this.#leaks.set(id, leak);
    else if (saysKeys) this.#leaks.delete(id);
    return this.#keep(kind, id, resource, before, before?.consoleKeys ?? []);
  }

  #keep(
    kind: ResourceKind,
    id: string,
    resource: JsonObject,
    before: Entry | null,
    consoleKeys: readonly string[],
  ): Entry {
    const known = this.#kinds[kind];
    const modified = this.#now();
    const posixId = before?.posixId ?? known.nextId;
    const own = { kind, id, idSteps: known.idSteps, posixId, modified, before: before?.resource ?? null };
    const whole = completeResource(resource, own);
    if (before !== null && isUnchanged(before, whole, consoleKeys)) return before;
    const seq = before?.seq ?? this.#nextSeq;
    if (before === null) {
      known.nextId += 1;
      this.#nextSeq += 1;
    }
    const served = serveResource(whole, consoleKeys);
    const entry = { id, seq, posixId, modified, resource: whole, served, consoleKeys };
    known.collection.put(entry);
    return entry;
  }

  /** Not checked again: what was let in before a rule came must not stand in the way of a deletion. */
  #removeMember(group: Entry, id: string): void {
    const members = getAttribute(group.resource, 'members');
    if (!Array.isArray(members) || !members.some((member) => isMember(member, id))) return;
    const left = members.filter((member) => !isMember(member, id));
    const content = tidyResource({ ...group.resource, members: left }, GROUP_SCHEMA);
    this.#announceUpdate('Group', 'patch', group, this.#keep('Group', group.id, content, group, []));
  }
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
