// Pages kept as bytes for as long as nothing changes, so that serving a large organisation costs little.
import type { Collection } from './resources/collection.ts';

export interface PreparedPages {
  /** The page of this query in this view, made if it is not there; a filtered one is made each time. */
  take(
    collection: Collection,
    view: string,
    query: URLSearchParams,
    now: number,
    make: () => string,
  ): Buffer | string;
}

const MAX_BYTES = 512 * 1024 * 1024;

/** @param lifetime seconds; half the life of a cursor, since a page contains one. */
export function createPreparedPages(lifetime: number): PreparedPages {
  let pages = new Map<string, { readonly bytes: Buffer; readonly version: number; readonly made: number }>();
  let size = 0;

  return {
    take(collection, view, query, now, make) {
      // What groups have changes without the users.
      if (query.has('filter') || query.has('groups')) return make();
      const key = `${view} ${collection.kind}?${query.toString()}`;
      const known = pages.get(key);
      if (
        known !== undefined &&
        known.version === collection.version() &&
        now - known.made < lifetime * 1000
      ) {
        return known.bytes;
      }
      const bytes = Buffer.from(make());
      size += bytes.length - (known?.bytes.length ?? 0);
      if (size > MAX_BYTES) {
        pages = new Map();
        size = bytes.length;
      }
      pages.set(key, { bytes, version: collection.version(), made: now });
      return bytes;
    },
  };
}
