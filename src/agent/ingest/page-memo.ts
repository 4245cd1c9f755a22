// What pages came to when they were fetched before: most of a store is the same from one full read to the next.
import type { SeenPaths } from './path-tally.ts';
import type { GroupRecord, ResourceKind, UserRecord } from '../../protocol/records.ts';

/** What follows from the text of a page alone. */
export interface MemoizedPage {
  readonly kind: ResourceKind;
  /** Of all of its resources, none of which was broken, in their order. */
  readonly records: readonly (UserRecord | GroupRecord)[];
  readonly paths: SeenPaths;
}

/** By the digest of the page. It can be lost at any time; a daemon keeps one for its life. */
export interface PageMemo {
  /** Digests of what is known. */
  known(): string[];
  recall(digest: string): MemoizedPage | null;
  /** A full read came to these pages; what is in none of them is forgotten. */
  replace(pages: ReadonlyMap<string, MemoizedPage>): void;
}

export function createPageMemo(): PageMemo {
  let pagesByDigest: ReadonlyMap<string, MemoizedPage> = new Map();
  return {
    known: () => [...pagesByDigest.keys()],
    recall: (digest) => pagesByDigest.get(digest) ?? null,
    replace(pages) {
      pagesByDigest = pages;
    },
  };
}
