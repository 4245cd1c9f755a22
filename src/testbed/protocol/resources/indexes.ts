// What makes a collection quick to search: entries by the value of an attribute, and by the time of their changes.
import { getAttribute } from '../attributes.ts';
import type { Entry, ResourceKind } from './collection.ts';

/** How each indexed attribute is folded; `userName` compares without case, `externalId` with. */
const INDEXED: Readonly<Record<ResourceKind, Readonly<Record<string, (text: string) => string>>>> = {
  User: { username: (text) => text.toLowerCase(), externalid: (text) => text },
  Group: { displayname: (text) => text.toLowerCase(), externalid: (text) => text },
};

export interface AttributeIndexes {
  add(entry: Entry): void;
  remove(entry: Entry): void;
  /** Ids of the entries with this value; null: the attribute is not indexed. */
  find(attribute: string, value: string): Iterable<string> | null;
  clear(): void;
}

export function createAttributeIndexes(kind: ResourceKind): AttributeIndexes {
  const indexes = Object.entries(INDEXED[kind]).map(([attribute, fold]) => ({
    attribute,
    fold,
    ids: new Map<string, Set<string>>(),
  }));

  function forEachValue(entry: Entry, act: (ids: Map<string, Set<string>>, value: string) => void): void {
    for (const { attribute, fold, ids } of indexes) {
      const value = getAttribute(entry.resource, attribute);
      if (typeof value === 'string') act(ids, fold(value));
    }
  }

  return {
    add: (entry) =>
      forEachValue(entry, (ids, value) => {
        const found = ids.get(value);
        if (found === undefined) ids.set(value, new Set([entry.id]));
        else found.add(entry.id);
      }),
    remove: (entry) =>
      forEachValue(entry, (ids, value) => {
        const found = ids.get(value);
        found?.delete(entry.id);
        if (found?.size === 0) ids.delete(value);
      }),
    find(attribute, value) {
      const found = indexes.find((one) => one.attribute === attribute);
      return found === undefined ? null : (found.ids.get(found.fold(value)) ?? []);
    },
    clear() {
      for (const { ids } of indexes) ids.clear();
    },
  };
}

export interface ChangeTimes {
  note(entry: Entry): void;
  /** Ids of what was changed at or after a time. */
  since(moment: number): ReadonlySet<string>;
  clear(): void;
}

/** @param byId what there is: entries that changed often would make the list of changes grow for ever. */
export function createChangeTimes(byId: ReadonlyMap<string, Entry>): ChangeTimes {
  /** In order of time; an entry stands here once for each of its changes. */
  let changes: { readonly moment: number; readonly id: string }[] = [];

  function compact(): void {
    if (changes.length < 1000 || changes.length < 4 * byId.size) return;
    changes = [...byId.values()]
      .map((entry) => ({ moment: entry.modified, id: entry.id }))
      .sort((one, other) => one.moment - other.moment);
  }

  return {
    note({ modified, id }) {
      changes.push({ moment: modified, id });
      compact();
    },
    since(moment) {
      const start = findFirst(changes, (change) => change.moment >= moment);
      return new Set(changes.slice(start).map((change) => change.id));
    },
    clear() {
      changes = [];
    },
  };
}

/** Binary search: the first index at which the condition holds; the length if it never does. */
export function findFirst<T>(sorted: readonly T[], holds: (item: T) => boolean): number {
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
