// Resources of one kind in memory: by id, by indexed attributes, in the order of creation, and by time of change.
import type { JsonObject } from '../json.ts';
import { createAttributeIndexes, createChangeTimes, findFirst } from './indexes.ts';

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

export function createCollection(kind: ResourceKind): Collection {
  const byId = new Map<string, Entry>();
  const indexes = createAttributeIndexes(kind);
  const changes = createChangeTimes(byId);
  let ordered: Entry[] = [];
  let version = 0;

  function pick(ids: Iterable<string>): Entry[] {
    return [...ids].flatMap((id) => byId.get(id) ?? []).sort((one, other) => one.seq - other.seq);
  }

  return {
    kind,
    version: () => version,
    size: () => byId.size,
    get: (id) => byId.get(id) ?? null,
    list: () => ordered,
    find(attribute, value) {
      const ids = attribute === 'id' ? [value] : indexes.find(attribute, value);
      return ids === null ? null : pick(ids);
    },
    changedSince: (moment) => pick(changes.since(moment)),
    put(entry) {
      const before = byId.get(entry.id);
      if (before === undefined) ordered.push(entry);
      else {
        indexes.remove(before);
        ordered[findSeq(ordered, entry.seq)] = entry;
      }
      byId.set(entry.id, entry);
      indexes.add(entry);
      changes.note(entry);
      version += 1;
    },
    remove(id) {
      const entry = byId.get(id);
      if (entry === undefined) return;
      indexes.remove(entry);
      byId.delete(id);
      ordered.splice(findSeq(ordered, entry.seq), 1);
      version += 1;
    },
    clear() {
      byId.clear();
      indexes.clear();
      changes.clear();
      ordered = [];
      version += 1;
    },
  };
}

/** Where the first entry of that `seq` or a later one stands. */
export function findSeq(ordered: readonly Entry[], seq: number): number {
  return findFirst(ordered, (entry) => entry.seq >= seq);
}
