// Resources of one kind in memory: by id, by indexed attributes, in the order of creation, and by time of change.
import { getAttribute } from '../attributes.ts';
import type { JsonObject } from '../json.ts';

export type ResourceKind = 'User' | 'Group';

/** A stored resource. Its content is replaced as a whole, never changed in place. */
export interface Entry {
  readonly id: string;
  /** Grows with each creation: the order of every list, and what a cursor points at. */
  readonly seq: number;
  /** uid or gid, given once. */
  readonly posixId: number;
  /** Epoch milliseconds of the last change. */
  readonly modified: number;
  /** As the identity provider pushed it. */
  readonly resource: JsonObject;
  /** As readers get it: the same, and the keys that the person added in the console. */
  readonly served: JsonObject;
  readonly consoleKeys: readonly string[];
}

export interface Collection {
  readonly kind: ResourceKind;
  /** Counts changes: what was made from an older version is stale. */
  version(): number;
  size(): number;
  get(id: string): Entry | null;
  /** All entries by `seq`; a view, not to be changed. */
  list(): readonly Entry[];
  /** Entries whose indexed attribute has this value (`null`: the attribute is not indexed), by `seq`. */
  find(attribute: string, value: string): readonly Entry[] | null;
  /** Entries changed at or after a time, by `seq`. */
  changedSince(moment: number): readonly Entry[];
  put(entry: Entry): void;
  remove(id: string): void;
  clear(): void;
}

/** How each indexed attribute is folded; `userName` compares without case, `externalId` with. */
const INDEXED: Readonly<Record<ResourceKind, Readonly<Record<string, (text: string) => string>>>> = {
  User: { username: (text) => text.toLowerCase(), externalid: (text) => text },
  Group: { displayname: (text) => text.toLowerCase(), externalid: (text) => text },
};

export function createCollection(kind: ResourceKind): Collection {
  const byId = new Map<string, Entry>();
  const indexes = Object.entries(INDEXED[kind]).map(([attribute, fold]) => ({
    attribute,
    fold,
    ids: new Map<string, Set<string>>(),
  }));
  /** In order of time; an entry stands here once for each of its changes. */
  let changes: { readonly moment: number; readonly id: string }[] = [];
  let ordered: Entry[] = [];
  let version = 0;

  const bySeq = (one: Entry, other: Entry): number => one.seq - other.seq;

  function pick(ids: Iterable<string>): Entry[] {
    return [...ids].flatMap((id) => byId.get(id) ?? []).sort(bySeq);
  }

  function unindex(entry: Entry): void {
    for (const { attribute, fold, ids } of indexes) {
      const value = getAttribute(entry.resource, attribute);
      if (typeof value !== 'string') continue;
      const found = ids.get(fold(value));
      found?.delete(entry.id);
      if (found?.size === 0) ids.delete(fold(value));
    }
  }

  function index(entry: Entry): void {
    for (const { attribute, fold, ids } of indexes) {
      const value = getAttribute(entry.resource, attribute);
      if (typeof value !== 'string') continue;
      const found = ids.get(fold(value));
      if (found === undefined) ids.set(fold(value), new Set([entry.id]));
      else found.add(entry.id);
    }
  }

  /** Entries that changed often would make the list of changes grow for ever. */
  function compactChanges(): void {
    if (changes.length < 1000 || changes.length < 4 * byId.size) return;
    changes = [...byId.values()]
      .map((entry) => ({ moment: entry.modified, id: entry.id }))
      .sort((one, other) => one.moment - other.moment);
  }

  return {
    kind,
    version: () => version,
    size: () => byId.size,
    get: (id) => byId.get(id) ?? null,
    list: () => ordered,
    find(attribute, value) {
      if (attribute === 'id') return pick([value]);
      const found = indexes.find((one) => one.attribute === attribute);
      return found === undefined ? null : pick(found.ids.get(found.fold(value)) ?? []);
    },
    changedSince(moment) {
      const start = findFirst(changes, (change) => change.moment >= moment);
      return pick(new Set(changes.slice(start).map((change) => change.id)));
    },
    put(entry) {
      const before = byId.get(entry.id);
      if (before === undefined) ordered.push(entry);
      else {
        unindex(before);
        ordered[findSeq(ordered, entry.seq)] = entry;
      }
      byId.set(entry.id, entry);
      index(entry);
      changes.push({ moment: entry.modified, id: entry.id });
      compactChanges();
      version += 1;
    },
    remove(id) {
      const entry = byId.get(id);
      if (entry === undefined) return;
      unindex(entry);
      byId.delete(id);
      ordered.splice(findSeq(ordered, entry.seq), 1);
      version += 1;
    },
    clear() {
      byId.clear();
      for (const { ids } of indexes) ids.clear();
      changes = [];
      ordered = [];
      version += 1;
    },
  };
}

/** Where the first entry of that `seq` or a later one stands. */
export function findSeq(ordered: readonly Entry[], seq: number): number {
  return findFirst(ordered, (entry) => entry.seq >= seq);
}

/** Binary search: the first index at which the condition holds; the length if it never does. */
function findFirst<T>(sorted: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = sorted[middle];
    if (item !== undefined && holds(item)) high = middle;
    else low = middle + 1;
  }
  return low;
}
